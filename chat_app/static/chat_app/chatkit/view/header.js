/** The bar on top: the page's own buttons, the title, the way to other conversations and to a new one. */

import { fill, h, iconButton, setText } from '../../view/dom.js';

export class Header {
  constructor(kit) {
    this.kit = kit;
    this.start = h('div', { class: 'head-start' });
    this.title = h('h1', { class: 'head-title', dir: 'auto' });
    this.end = h('div', { class: 'head-end' });
    this.element = h('header', { class: 'head' }, this.start, this.title, this.end);
  }

  configure() {
    const { kit } = this;
    const { header, history } = kit.options;
    this.element.hidden = !header.enabled;
    this.title.hidden = !header.title.enabled;
    const face = JSON.stringify([kit.locale, header.leftAction?.icon, header.rightAction?.icon, history.enabled]);
    if (face === this.face) return; // the button that was just pressed keeps the focus
    this.face = face;
    this.fresh = iconButton(kit.t('header.newChat'), kit.icon('compose'), () => this.#fresh(), { class: 'new-chat' });
    this.past = iconButton(kit.t('header.history'), kit.icon('history'), () => kit.history.toggle(), { class: 'show-history', 'aria-expanded': 'false' });
    fill(this.start, header.leftAction && this.#own('leftAction'), history.enabled && this.past);
    fill(this.end, this.fresh, header.rightAction && this.#own('rightAction'));
  }

  #own(which) {
    const { icon } = this.kit.options.header[which];
    // The page names no words for its button; the picture's own name has to do.
    return iconButton(String(icon).replaceAll('-', ' '), this.kit.icon(icon), () => this.kit.options.header[which]?.onClick?.(), { class: 'own' });
  }

  async #fresh() {
    await this.kit.threads.open(null);
    this.kit.composer.focus();
  }

  render({ thread, threadId, history, phase }) {
    const { header } = this.kit.options;
    setText(this.title, header.title.text ?? thread?.title ?? '');
    this.past.setAttribute('aria-expanded', String(history.open));
    this.past.disabled = phase !== 'ready';
    this.fresh.hidden = threadId === null;
    this.fresh.disabled = phase !== 'ready';
  }
}

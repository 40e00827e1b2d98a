/** The frame of a chat: what stands where, and what stands in its place while there is no chat. */

import { fill, h, setAttr, setText } from '../../view/dom.js';
import { Header } from './header.js';
import { HistoryPanel } from './history.js';
import { Messages } from './messages.js';
import { Prose } from './prose.js';

export class Frame {
  constructor(kit) {
    this.kit = kit;
    this.header = new Header(kit);
    this.history = new HistoryPanel(kit);
    this.messages = new Messages(kit);
    this.banner = h('div', { class: 'banner', role: 'status', hidden: true });
    this.blank = h('div', { class: 'blank', hidden: true });
    this.disclaimer = h('div', { class: 'disclaimer', hidden: true });
    this.closed = h('p', { class: 'notice info closed', role: 'status', hidden: true });
    this.foot = h('div', { class: 'foot' }, this.closed, h('div', { class: 'composer-slot' }, kit.composer.element), this.disclaimer);
    this.body = h('div', { class: 'body' }, this.history.element, this.history.scrim, this.messages.element, this.messages.jump, this.banner, this.blank);
    this.element = h('section', { class: 'frame', role: 'region', on: { keydown: (event) => this.#key(event) } }, this.header.element, this.body, this.foot);
    this.messages.start();
    this.configure();
  }

  /** Other options are in force. */
  configure() {
    const { options, t } = this.kit;
    setAttr(this.element, 'aria-label', options.frameTitle || t('frame.title'));
    setAttr(this.element, 'lang', this.kit.locale);
    this.#disclaim(options.disclaimer);
    this.header.configure();
    this.history.configure();
    this.messages.configure();
  }

  #disclaim(disclaimer) {
    this.disclaimer.hidden = !disclaimer?.text;
    this.disclaimer.classList.toggle('strong', Boolean(disclaimer?.highContrast));
    if (!disclaimer?.text) return;
    const words = h('div');
    fill(this.disclaimer, words);
    new Prose(this.kit, words).update(disclaimer.text, true);
  }

  render(state) {
    const { kit } = this;
    const up = state.phase === 'ready';
    this.element.dataset.phase = state.phase;
    this.#stand(state);
    this.foot.hidden = !up;
    this.#close(state.thread?.status);
    this.header.render(state);
    this.history.render(state);
    this.messages.render(state);
    kit.composer.render(state);
    this.element.classList.toggle('empty', up && this.messages.isEmpty && !state.loading);
    this.#link(state);
  }

  destroy() {
    this.messages.destroy();
  }

  /** In place of the chat, until it is there. */
  #stand({ phase, trouble }) {
    const { t, icon } = this.kit;
    const mark = `${phase} ${trouble}`;
    if (this.stood === mark) return;
    this.stood = mark;
    this.blank.hidden = phase === 'ready';
    if (phase === 'starting') fill(this.blank, h('span', { class: 'spinner', role: 'status', 'aria-label': t('frame.loading') }));
    if (phase !== 'failed') return;
    const retry = h('button', { type: 'button', class: 'button quiet', on: { click: () => this.kit.start() } }, h('span', {}, t('frame.retry')));
    fill(this.blank, icon('alert'), h('h2', {}, t('frame.failed')), h('p', { role: 'alert', dir: 'auto' }, trouble), retry);
  }

  #close(status) {
    const closed = status?.type === 'closed';
    this.closed.hidden = !closed;
    if (closed) setText(this.closed, status.reason || this.kit.t('thread.closed'));
  }

  #link({ link, offline, phase }) {
    const { t, icon } = this.kit;
    const words = offline ? t('frame.offline') : link === 'lost' ? t('frame.reconnecting') : '';
    this.banner.hidden = !words || phase !== 'ready';
    if (this.banner.dataset.words === words) return;
    this.banner.dataset.words = words;
    if (words) fill(this.banner, offline ? icon('warning') : h('span', { class: 'spinner' }), h('span', {}, words));
  }

  #key(event) {
    if (event.key === 'Escape' && this.history.covers && !event.defaultPrevented) {
      event.preventDefault();
      this.history.hide();
    }
  }
}

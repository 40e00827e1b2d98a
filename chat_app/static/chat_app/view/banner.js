/** A remark above the composer: what is wrong, how long until the next try, and what can be done. */

import { h, setText } from './dom.js';
import { icon } from './icons.js';

const FOR_A_WHILE = 6_000;

export class Banner {
  #shown;

  constructor(app) {
    this.app = app;
    this.element = h('div', { class: 'banner', hidden: true });
  }

  render({ banner, link }) {
    const wanted = banner ?? (link === 'lost' ? LOST : undefined);
    if (wanted === this.#shown) return;
    this.#shown = wanted;
    clearInterval(this.ticking);
    clearTimeout(this.leaving);
    this.element.hidden = !wanted;
    if (!wanted) return;
    const words = h('span', { class: 'banner-text', dir: 'auto' });
    const buttons = (wanted.actions ?? []).map(({ label, run }) =>
      h('button', { type: 'button', class: 'button quiet', on: { click: () => this.#act(run) } }, label));
    this.element.className = `banner ${wanted.level}`;
    this.element.replaceChildren(icon('alert'), words, ...buttons);
    this.#tell(wanted, words);
    if (wanted.until) this.ticking = setInterval(() => this.#tell(wanted, words), 250);
    if (wanted.passing) this.leaving = setTimeout(() => this.#clear(wanted), FOR_A_WHILE);
  }

  #tell({ text, until }, words) {
    const left = until && Math.max(0, Math.ceil((until - Date.now()) / 1000));
    setText(words, until ? `${text} Trying again in ${left} s.` : text);
  }

  #act(run) {
    this.app.store.set({ banner: undefined });
    run();
  }

  #clear(banner) {
    if (this.app.store.state.banner === banner) this.app.store.set({ banner: undefined });
  }

  stop() {
    clearInterval(this.ticking);
    clearTimeout(this.leaving);
  }
}

const LOST = { level: 'warning', text: 'The connection was lost. The answer goes on; reconnecting…' };

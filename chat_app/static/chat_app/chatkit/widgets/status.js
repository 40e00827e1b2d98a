/** The line above a card or a list that says where it comes from or how it stands: words with an icon or a site's picture. */

import { fill, h } from '../../view/dom.js';
import { object, text } from './values.js';

export class StatusLine {
  /** @param {import('./children.js').Context} cx */
  constructor(cx) {
    this.kit = cx.kit;
    this.pictures = cx.pictures;
    this.words = h('span', { class: 'w-status-text', dir: 'auto' });
    this.picture = h('span', { class: 'w-status-picture' });
    this.element = h('div', { class: 'w-status', hidden: true }, this.picture, this.words);
    this.destroy = cx.pictures.watch(() => this.#draw(object(this.given)));
  }

  update(status) {
    const given = object(status);
    if (this.given === status) return;
    this.given = status;
    const words = text(given.text);
    this.element.hidden = !words;
    this.words.textContent = words;
    this.picture.classList.toggle('w-framed', given.frame === true);
    this.#draw(given);
  }

  #draw(given) {
    fill(this.picture, this.#picture(given));
    this.picture.hidden = !this.picture.firstChild;
  }

  #picture({ favicon, icon }) {
    const src = this.pictures.src(favicon);
    if (!src) return typeof icon === 'string' && this.kit.icon(icon);
    const image = h('img', { src, alt: '', width: '16', height: '16', referrerpolicy: 'no-referrer', decoding: 'async' });
    image.addEventListener('error', () => this.picture.replaceChildren(this.kit.icon('globe')));
    return image;
  }
}

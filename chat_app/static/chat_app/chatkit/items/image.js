/** A picture that the assistant makes: how far it is, then the picture itself, to be opened or kept. */

import { h, setAttr, setText } from '../../view/dom.js';
import { safeImage } from '../urls.js';
import { object, text } from '../widgets/values.js';

export class ImageView {
  constructor(kit, item) {
    this.kit = kit;
    void kit.style?.('images');
    this.image = h('img', { alt: kit.t('image.alt'), decoding: 'async', referrerpolicy: 'no-referrer' });
    this.image.addEventListener('error', () => this.#failed());
    this.image.addEventListener('load', () => this.element.classList.add('shown'));
    this.words = h('span', { class: 'made-words' });
    this.bar = h(
      'span',
      {
        class: 'made-bar',
        role: 'progressbar',
        'aria-label': kit.t('image.making'),
        'aria-valuemin': '0',
        'aria-valuemax': '100',
      },
      h('span'),
    );
    this.wait = h('div', { class: 'made-wait' }, kit.icon('square-image'), this.words, this.bar);
    this.open = this.#link('external-link', kit.t('image.open'), { target: '_blank', rel: 'noopener noreferrer' });
    this.save = this.#link('download', kit.t('image.download'), { download: 'image' });
    this.tools = h('div', { class: 'made-tools' }, this.open, this.save);
    this.element = h('figure', { class: 'made' }, this.image, this.wait, this.tools);
    this.update(item);
  }

  #link(icon, label, props) {
    return h(
      'a',
      { class: 'made-tool', 'aria-label': label, title: label, ...props, on: { click: (event) => this.#follow(event) } },
      this.kit.icon(icon),
    );
  }

  update(item) {
    const image = object(item.image);
    const progress =
      typeof item.progress === 'number' && item.progress >= 0 && item.progress < 1 ? item.progress : undefined;
    const made = Boolean(image.url) && progress === undefined;
    this.element.classList.toggle('making', !made);
    setAttr(this.element, 'aria-busy', made ? undefined : 'true');
    setText(this.words, this.kit.t('image.making'));
    this.wait.hidden = made;
    this.tools.hidden = !made;
    this.bar.hidden = progress === undefined;
    if (progress !== undefined) {
      this.bar.setAttribute('aria-valuenow', String(Math.round(progress * 100)));
      this.bar.firstChild.style.setProperty('inline-size', `${progress * 100}%`);
    }
    this.#show(text(image.url));
  }

  #show(url) {
    if (url === this.url) return;
    this.url = url;
    const src = url && safeImage(url);
    this.image.hidden = !src;
    if (!url) return;
    if (!src) return this.#failed();
    this.element.classList.remove('failed');
    this.image.src = src;
    this.open.href = src;
    this.save.href = src;
  }

  /** Browsers open no page at an address of data: such a picture gets an address of its own first. */
  #follow(event) {
    const link = event.currentTarget;
    if (!link.href.startsWith('data:')) return;
    const blob = URL.createObjectURL(blobOf(link.href));
    if (link === this.save) {
      link.href = blob;
      setTimeout(() => URL.revokeObjectURL(blob), 60_000);
      return;
    }
    event.preventDefault();
    window.open(blob, '_blank', 'noopener');
    setTimeout(() => URL.revokeObjectURL(blob), 60_000);
  }

  #failed() {
    this.image.hidden = true;
    this.tools.hidden = true;
    this.wait.hidden = false;
    this.bar.hidden = true;
    this.element.classList.add('failed');
    setText(this.words, this.kit.t('image.failed'));
  }

  destroy() {
    this.image.removeAttribute('src');
  }
}

function blobOf(url) {
  const [head, body] = [url.slice(5, url.indexOf(',')), url.slice(url.indexOf(',') + 1)];
  const bytes = head.endsWith(';base64') ? atob(decodeURIComponent(body)) : decodeURIComponent(body);
  return new Blob([Uint8Array.from(bytes, (letter) => letter.charCodeAt(0))], { type: head.split(';')[0] });
}

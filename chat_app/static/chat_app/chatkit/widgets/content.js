/** Badge, Icon and Image. */

import { h, setAttr, setText } from '../../view/dom.js';
import { safeLink } from '../urls.js';
import { blockStyles, setStyles, setVariant } from './styles.js';
import { colour, oneOf, text } from './values.js';

const FITS = ['cover', 'contain', 'fill', 'scale-down', 'none'];
const POSITIONS = ['top left', 'top', 'top right', 'left', 'center', 'right', 'bottom left', 'bottom', 'bottom right'];

export class Badge {
  constructor() {
    this.element = h('span', { class: 'w-badge', dir: 'auto' });
  }

  update(spec) {
    const { element } = this;
    setText(element, text(spec.label));
    setVariant(
      element,
      'w-c-',
      oneOf(spec.color, ['secondary', 'success', 'danger', 'warning', 'info', 'discovery'], 'secondary'),
    );
    setVariant(element, 'w-v-', oneOf(spec.variant, ['solid', 'soft', 'outline'], 'soft'));
    setVariant(element, 'w-b-', oneOf(spec.size, ['sm', 'md', 'lg'], 'sm'));
    element.classList.toggle('w-pill', spec.pill !== false);
  }
}

export class Icon {
  constructor(cx) {
    this.kit = cx.kit;
    this.element = h('span', { class: 'w-icon' });
  }

  update(spec) {
    setVariant(this.element, 'w-i-', oneOf(spec.size, ['xs', 'sm', 'md', 'lg', 'xl', '2xl', '3xl'], 'md'));
    setStyles(this.element, { color: colour(spec.color, 'text') });
    if (this.name === spec.name) return;
    this.name = spec.name;
    this.element.replaceChildren(this.kit.icon(text(spec.name)));
  }
}

/** A picture, or words in its place where it may not or cannot be shown. */
export class Image {
  constructor(cx) {
    this.cx = cx;
    this.image = h('img', { loading: 'lazy', decoding: 'async', referrerpolicy: 'no-referrer' });
    this.image.addEventListener('error', () => this.#missing());
    this.image.addEventListener('load', () => this.element.classList.remove('w-missing'));
    this.element = h('div', { class: 'w-image' }, this.image);
    this.unwatch = cx.pictures.watch(() => this.#load());
  }

  update(spec) {
    const { element, image } = this;
    setStyles(element, { ...blockStyles(spec), background: colour(spec.background, 'surface') });
    setStyles(image, { 'object-fit': oneOf(spec.fit, FITS), 'object-position': oneOf(spec.position, POSITIONS) });
    element.classList.toggle('w-framed', spec.frame === true);
    element.classList.toggle('w-flush', spec.flush === true);
    element.classList.toggle(
      'w-sized',
      ['width', 'height', 'size', 'aspectRatio'].some((name) => spec[name] !== undefined),
    );
    image.alt = text(spec.alt);
    setAttr(image, 'aria-hidden', image.alt ? undefined : 'true');
    if (this.src === spec.src) return;
    this.src = spec.src;
    this.#load();
  }

  #load() {
    const src = this.cx.pictures.src(this.src);
    this.element.classList.remove('w-missing');
    if (!src) this.#missing(safeLink(this.src));
    else if (this.image.getAttribute('src') !== src) this.image.src = src;
  }

  /** @param {string|null} [link] where the picture is, for whoever wants to see what is not loaded here */
  #missing(link) {
    const { kit } = this.cx;
    const words = text(this.spec?.alt) || kit.t('widgets.noImage');
    this.image.removeAttribute('src');
    this.element.classList.add('w-missing');
    this.note?.remove();
    this.note = h('span', { class: 'w-missing-note' }, kit.icon('image-off'),
      link ? h('a', { href: link, target: '_blank', rel: 'noopener noreferrer nofollow' }, words) : h('span', {}, words));
    this.element.append(this.note);
  }

  destroy() {
    this.unwatch();
  }
}

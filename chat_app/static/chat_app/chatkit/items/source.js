/** One source, of whichever kind: its name, where it is from, and its card. Lists and chips of sources are made elsewhere. */

import { h } from '../../view/dom.js';
import { safeLink } from '../urls.js';
import { object, text } from '../widgets/values.js';

/** @returns {string} what makes two sources the same */
export function sourceKey(source) {
  return JSON.stringify([source.type, source.url ?? source.id ?? source.filename ?? source.title]);
}

/** @returns {string} the name of a site, of an address that may be followed */
export function siteOf(url) {
  const link = safeLink(url);
  return link ? new URL(link).hostname.replace(/^www\./, '') : '';
}

export function titleOf(source) {
  return text(source.title) || text(source.filename) || siteOf(source.url) || text(source.id);
}

/** What is said below the title. */
export function detailOf(source) {
  if (source.type === 'url') return text(source.attribution) || siteOf(source.url);
  if (source.type === 'file') return text(source.filename) === text(source.title) ? '' : text(source.filename);
  return text(source.label) || text(source.group);
}

export function iconOf(source) {
  return source.type === 'url' ? 'globe' : source.type === 'file' ? 'document' : text(source.icon) || 'cube';
}

/** What the callbacks of a page are given for an entity. */
export function entityOf(source) {
  const entity = { id: text(source.id), title: text(source.title), data: object(source.data) };
  for (const name of ['icon', 'group']) if (text(source[name])) entity[name] = text(source[name]);
  if (typeof source.interactive === 'boolean') entity.interactive = source.interactive;
  return entity;
}

/**
 * The element that stands for a source: a link where it has an address, a button where the page listens for it, else words.
 * @param {object} kit
 * @param {object} source
 * @param {object} props
 * @param {...(Node|string|false)} children
 */
export function sourceElement(kit, source, props, ...children) {
  const href = source.type === 'url' ? safeLink(source.url) : null;
  if (href) return h('a', { ...props, href, target: '_blank', rel: 'noopener noreferrer nofollow' }, ...children);
  const { onClick } = kit.options.entities ?? {};
  const live = source.type === 'entity' && source.interactive === true && typeof onClick === 'function';
  if (!live) return h('span', { ...props, tabindex: source.description ? '0' : undefined }, ...children);
  const button = h('button', { ...props, type: 'button' }, ...children);
  button.addEventListener('click', () => {
    try {
      onClick(entityOf(source));
    } catch (error) {
      kit.report(error);
    }
  });
  return button;
}

/** The card of a source: the page's own preview of an entity where it gives one, else what is known of it. */
export async function cardOf(kit, source) {
  const { onRequestPreview } = kit.options.entities ?? {};
  if (source.type === 'entity' && source.interactive === true && typeof onRequestPreview === 'function') {
    const { preview } = object(await onRequestPreview(entityOf(source)));
    if (preview) {
      const { SHEETS, previewOf } = await import('../widgets/index.js');
      await Promise.all(SHEETS.map((name) => kit.style?.(name)));
      return previewOf(kit, preview);
    }
  }
  const description = text(source.description);
  const when = text(source.timestamp);
  return h(
    'div',
    { class: 'source-card' },
    h(
      'p',
      { class: 'source-card-from', dir: 'auto' },
      kit.icon(iconOf(source)),
      h('span', {}, detailOf(source) || titleOf(source)),
    ),
    h('p', { class: 'source-card-title', dir: 'auto' }, titleOf(source)),
    description && h('p', { class: 'source-card-words', dir: 'auto' }, description),
    when && h('p', { class: 'source-card-when' }, dated(kit, when)),
  );
}

function dated(kit, when) {
  const date = new Date(when);
  return Number.isNaN(date.getTime()) ? when : new Intl.DateTimeFormat(kit.locale, { dateStyle: 'medium' }).format(date);
}

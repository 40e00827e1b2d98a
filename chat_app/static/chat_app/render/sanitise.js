/**
 * The only door from HTML text to nodes. Nothing else on the page parses HTML, so nothing else can be tricked into it.
 * DOMPurify parses under its own Trusted Types policy and hands back nodes, never a string.
 */

import DOMPurify from '../vendor/purify.min.js';

const TAGS = [
  'a', 'b', 'blockquote', 'br', 'code', 'del', 'details', 'em', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'hr', 'i', 'ins', 'kbd',
  'li', 'mark', 'ol', 'p', 'pre', 's', 'small', 'span', 'strong', 'sub', 'summary', 'sup', 'table', 'tbody', 'td', 'th',
  'thead', 'tr', 'u', 'ul',
];
const MARKDOWN = {
  ALLOWED_TAGS: TAGS,
  ALLOWED_ATTR: ['href', 'title', 'start', 'align', 'data-lang'],
  ALLOWED_URI_REGEXP: /^(?:https?|mailto|tel|chatkit-link):/i, // the last is the page's business
  ADD_URI_SAFE_ATTR: ['start', 'align', 'data-lang'],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
};
const COLOURS = { ALLOWED_TAGS: ['span'], ALLOWED_ATTR: ['class'], ALLOW_DATA_ATTR: false, RETURN_DOM_FRAGMENT: true };

/** @returns {DocumentFragment} what may be shown of rendered Markdown */
export function cleanMarkdown(html) {
  const fragment = DOMPurify.sanitize(html, MARKDOWN);
  for (const link of fragment.querySelectorAll('a')) {
    if (!link.getAttribute('href')) {
      link.replaceWith(...link.childNodes);
      continue;
    }
    link.target = '_blank';
    link.rel = 'noopener noreferrer nofollow';
  }
  return fragment;
}

/** @returns {DocumentFragment} highlighted code: text in classed spans and nothing else */
export function cleanColours(html) {
  return DOMPurify.sanitize(html, COLOURS);
}

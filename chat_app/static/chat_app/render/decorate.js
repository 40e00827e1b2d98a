/** What rendered Markdown gets beyond its own markup: code blocks with a bar and colours, tables that scroll, direction. */

import { h } from '../view/dom.js';
import { copyButton } from '../view/copy.js';
import { highlightLater } from './highlight.js';

const DIRECTED = 'p, ul, ol, h1, h2, h3, h4, h5, h6, blockquote, td, th, summary';

const WORDS = { table: 'Table', copy: 'Copy code', copied: 'Copied', failed: 'Could not copy' };

/** @param {boolean} solid whether the block will not change any more */
export function decorate(fragment, { solid, words = WORDS }) {
  for (const element of fragment.querySelectorAll(DIRECTED)) element.dir = 'auto';
  for (const table of fragment.querySelectorAll('table')) {
    const frame = h('div', { class: 'table', tabindex: '0', role: 'group', 'aria-label': words.table });
    table.replaceWith(frame);
    frame.append(table);
  }
  for (const pre of fragment.querySelectorAll('pre')) codeBlock(pre, solid, words);
}

function codeBlock(pre, solid, words) {
  const code = pre.querySelector('code');
  const language = pre.dataset.lang ?? '';
  const frame = h('div', { class: 'code', dir: 'ltr' });
  pre.replaceWith(frame);
  pre.tabIndex = 0;
  frame.append(
    h('div', { class: 'code-bar' }, h('span', { class: 'code-lang' }, language || 'text'),
      copyButton(() => code.textContent.replace(/\n$/, ''), words.copy, { words: true, copied: words.copied, failed: words.failed })),
    pre,
  );
  if (solid && language) highlightLater(code, language);
}

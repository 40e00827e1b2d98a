/**
 * Copying out of the field and pasting into it. Others are given the titles of tags; that a tag comes back as itself is kept
 * in this module alone, for the clipboard is a place that any page may write to.
 */

import { ofText, plain, tidy } from './content.js';

let copied = { text: '', content: [] };

/** Put the part `{start, end}` of the content on the clipboard. */
export function copyContent(event, content, where) {
  const part = slice(content, where);
  copied = { text: plain(part), content: part };
  event.clipboardData.setData('text/plain', copied.text);
  event.preventDefault();
  return true;
}

/** What a paste puts in: text, with the tags that it had when it was copied here. */
export function pastedContent(event) {
  const content = ofText(event.clipboardData?.getData('text/plain'));
  return copied.text && plain(content) === copied.text ? copied.content : content;
}

function slice(content, { start, end }) {
  const found = [];
  let place = 0;
  for (const part of content) {
    const size = part.type === 'input_tag' ? 1 : part.text.length;
    const [from, to] = [Math.max(start - place, 0), Math.min(end - place, size)];
    if (from < to) found.push(part.type === 'input_tag' ? part : { ...part, text: part.text.slice(from, to) });
    place += size;
  }
  return tidy(found);
}

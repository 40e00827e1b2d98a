/** What a message is made of: lists of text and tags, as data. Nothing here touches a page. */

export const MOST = 100_000; // characters of a message, as the server counts them, where the page names no other number

/** Content as it is sent and kept: known keys only, adjoining texts as one, no empty text. */
export function tidy(content) {
  const tidied = [];
  for (const part of Array.isArray(content) ? content : []) {
    if (part?.type === 'input_tag') tidied.push(tagPart(part));
    if (part?.type !== 'input_text' || typeof part.text !== 'string' || !part.text) continue;
    const text = part.text.replace(/\r\n?/g, '\n');
    const last = tidied.at(-1);
    if (last?.type === 'input_text') last.text += text;
    else tidied.push({ type: 'input_text', text });
  }
  return tidied;
}

function tagPart({ id, text, group, data, interactive }) {
  return {
    type: 'input_tag',
    id: String(id ?? ''),
    text: String(text ?? ''),
    ...(group === undefined || group === null ? {} : { group: String(group) }),
    ...(data && typeof data === 'object' ? { data } : {}),
    ...(interactive === undefined ? {} : { interactive: Boolean(interactive) }),
  };
}

export function ofText(text) {
  return tidy([{ type: 'input_text', text: String(text ?? '') }]);
}

/** An entity, as an app gives it, as the tag that is written. */
export function tagOf(entity) {
  return tagPart({ ...entity, text: entity.title });
}

/** A tag as the entity that an app's callbacks take. */
export function entityOf({ id, text, group, data, interactive }, icon) {
  return {
    id,
    title: text,
    ...(icon ? { icon } : {}),
    ...(group === undefined ? {} : { group }),
    ...(data ? { data } : {}),
    ...(interactive === undefined ? {} : { interactive }),
  };
}

/** As one reads it. */
export function plain(content) {
  return content.map((part) => part.text).join('');
}

/** As it is sent: no white space around it. */
export function trimmed(content) {
  const parts = content.map((part) => ({ ...part }));
  if (parts[0]?.type === 'input_text') parts[0].text = parts[0].text.trimStart();
  if (parts.at(-1)?.type === 'input_text') parts.at(-1).text = parts.at(-1).text.trimEnd();
  return tidy(parts);
}

export function isBlank(content) {
  return content.every((part) => part.type === 'input_text' && !part.text.trim());
}

/** How many characters a message may have. @param {unknown} given the option `composer.maxLength` */
export function limitOf(given) {
  return Number.isInteger(given) && given > 0 ? given : MOST;
}

/** Characters as the server counts them: code points. What is below `near` all the same may be counted too high. */
export function lengthOf(content, near) {
  let count = content.reduce((sum, { text }) => sum + text.length, 0);
  if (count < near) return count;
  for (const { text } of content) {
    for (let at = 0; at < text.length; at += 1) {
      const unit = text.charCodeAt(at);
      if (unit >= 0xd800 && unit < 0xdc00) count -= 1;
    }
  }
  return count;
}

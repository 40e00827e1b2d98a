/** Finding in rendered text the place of an index into the Markdown it came from. Nothing is changed here. */

const TAIL = 24;
const LETTER = /[\p{L}\p{N}]/u;

/**
 * Markup is not in the rendered text, but its letters are: the letters right before the index are looked for, and where they
 * occur more than once, the occurrence nearest to as far into the text as the index is into the Markdown.
 * @returns {Range|undefined} collapsed, behind the last of these letters
 */
export function findPlace(prose, markdown, index) {
  const before = [...markdown.slice(0, index)].filter((letter) => LETTER.test(letter));
  const tail = before.slice(-TAIL).join('');
  if (!tail) return undefined;
  const { letters, places } = lettersOf(prose);
  let best;
  for (let at = letters.indexOf(tail); at >= 0; at = letters.indexOf(tail, at + 1)) {
    const end = at + tail.length;
    if (best === undefined || Math.abs(end - before.length) < Math.abs(best - before.length)) best = end;
  }
  if (best === undefined) return undefined;
  const { node, offset } = places[best - 1];
  const range = document.createRange();
  range.setStart(node, behind(node.data, offset, markdown.slice(0, index)));
  range.collapse(true);
  return range;
}

/** The letters of all text, and for each code unit of them where it stands. */
function lettersOf(prose) {
  const walker = document.createTreeWalker(prose, NodeFilter.SHOW_TEXT);
  const places = [];
  let letters = '';
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.parentElement.closest('.code-bar, .cite-at')) continue;
    let offset = 0;
    for (const letter of node.data) {
      offset += letter.length;
      if (!LETTER.test(letter)) continue;
      letters += letter;
      for (let unit = 0; unit < letter.length; unit += 1) places.push({ node, offset });
    }
  }
  return { letters, places };
}

/** Past the punctuation that the index is past too. */
function behind(data, offset, before) {
  const marks = /[^\p{L}\p{N}\s*_~`)\]]*$/u.exec(before.trimEnd())?.[0] ?? '';
  return marks && data.startsWith(marks, offset) ? offset + marks.length : offset;
}

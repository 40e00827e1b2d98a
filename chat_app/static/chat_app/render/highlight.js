/** Colours for code: highlight.js is fetched when the first finished block needs it, and a block is coloured once. */

import { cleanColours } from './sanitise.js';

const LONGEST = 40_000; // characters; beyond that colours are not worth the wait
let library;

function load() {
  library ??= import('../vendor/highlight.min.js').then(
    (module) => module.default,
    () => {
      library = undefined; // offline: the next block asks again
      return undefined;
    },
  );
  return library;
}

/** Colour `code` when the page has a moment; leaves it plain for languages that the library does not know. */
export async function highlightLater(code, language) {
  if (code.textContent.length > LONGEST) return;
  const hljs = await load();
  if (!hljs?.getLanguage(language)) return;
  const idle = window.requestIdleCallback ?? ((run) => setTimeout(run, 1));
  idle(() => {
    const { value } = hljs.highlight(code.textContent, { language, ignoreIllegals: true });
    code.replaceChildren(cleanColours(value));
  });
}

/** The chat's style sheets in its shadow: fetched once for a page, shared by all chats in it. No inline style, for strict policies. */

import { fontsOf, installFonts, themeSheet } from './theme.js';

const ALWAYS = ['tokens', 'base', 'controls', 'frame', 'history', 'start', 'notes', 'thread', 'overlay', 'prose', 'code', 'composer', 'composer-files', 'tags'];
const sheets = new Map(); // name -> promise of a CSSStyleSheet
const themes = new WeakMap(); // shadow root -> its own sheet

/** Put on what every chat wears. Never fails: a sheet that cannot be had leaves the chat plain. */
export async function dress(root, theme) {
  const all = await Promise.all(ALWAYS.map(load));
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, ...all];
  adopt(root, theme);
}

/** One more sheet, by its name. */
dress.sheet = async (root, name) => {
  const sheet = await load(name);
  if (root.adoptedStyleSheets.includes(sheet)) return;
  const own = themes.get(root);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets.filter((one) => one !== own), sheet, ...(own ? [own] : [])];
};

/** The page's theme, in the place of the one before. */
export function adopt(root, theme) {
  let own = themes.get(root);
  if (!own) {
    own = new CSSStyleSheet();
    themes.set(root, own);
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, own];
  }
  own.replaceSync(themeSheet(theme));
  installFonts(fontsOf(theme));
}

function load(name) {
  if (!sheets.has(name)) sheets.set(name, fetched(name));
  return sheets.get(name);
}

async function fetched(name) {
  const sheet = new CSSStyleSheet();
  try {
    const response = await fetch(new URL(`./styles/${name}.css`, import.meta.url));
    if (!response.ok) throw new Error(`${response.status}`);
    sheet.replaceSync(await response.text());
  } catch (error) {
    sheets.delete(name); // the next chat asks again
    console.warn(`chatkit: the style sheet "${name}" could not be loaded.`, error);
  }
  return sheet;
}

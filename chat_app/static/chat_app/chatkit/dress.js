/** The chat's style sheets in its shadow: fetched once for a page, shared by all chats in it. No inline style, for strict policies. */

import { ALWAYS, FILES, FOLDER } from './sheets.js';

const SCHEMES = { light: 'light', dark: 'dark', auto: 'light dark' }; // themes that say no more than that
const sheets = new Map(); // name -> promise of a CSSStyleSheet
const themes = new WeakMap(); // shadow root -> its own sheet
const wanted = new WeakMap(); // shadow root -> its theme, which may still be on its way

/** Put on what every chat wears. Never fails: a sheet that cannot be had leaves the chat plain. */
export async function dress(root, theme) {
  const all = await Promise.all(FILES.map(load));
  root.adoptedStyleSheets = all;
  await adopt(root, theme);
}

/** One more sheet, by its name; nothing where every chat wears it. */
dress.sheet = async (root, name) => {
  if (ALWAYS.includes(name)) return;
  const sheet = await load(name);
  if (root.adoptedStyleSheets.includes(sheet)) return;
  const own = themes.get(root);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets.filter((one) => one !== own), sheet, ...(own ? [own] : [])];
};

/** The page's theme, in the place of the one before. What is made of colours and fonts is fetched with the first theme that has any. */
export async function adopt(root, theme) {
  wanted.set(root, theme);
  let css;
  let install = () => {};
  if (typeof theme === 'string' && Object.hasOwn(SCHEMES, theme)) css = `:host { color-scheme: ${SCHEMES[theme]} }`;
  else {
    try {
      const { fontsOf, installFonts, themeSheet } = await import('./theme.js');
      css = themeSheet(theme);
      install = () => installFonts(fontsOf(theme));
    } catch (error) {
      console.warn('chatkit: the theme could not be applied.', error);
      return;
    }
  }
  if (wanted.get(root) !== theme) return; // another one meanwhile
  if (!themes.has(root)) themes.set(root, new CSSStyleSheet());
  const own = themes.get(root);
  own.replaceSync(css);
  if (!root.adoptedStyleSheets.includes(own)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, own];
  install();
}

function load(name) {
  if (!sheets.has(name)) sheets.set(name, fetched(name));
  return sheets.get(name);
}

async function fetched(name) {
  const sheet = new CSSStyleSheet();
  try {
    const response = await fetch(new URL(`${FOLDER}${name}.css`, import.meta.url));
    if (!response.ok) throw new Error(`${response.status}`);
    sheet.replaceSync(await response.text());
  } catch (error) {
    sheets.delete(name); // the next chat asks again
    console.warn(`chatkit: the style sheet "${name}" could not be loaded.`, error);
  }
  return sheet;
}

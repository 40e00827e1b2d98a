/** From a page's `theme` option to a sheet of custom properties. Values are checked here; nothing of a page's text is copied. */

import { fromHex, hex } from './colour.js';
import { familyList } from './fonts.js';
import { palette } from './palette.js';

export { installFonts } from './fonts.js';

/** `auto` follows the visitor's system; ChatKit has no such value, our own chat page wants one. */
const SCHEMES = { light: 'light', dark: 'dark', auto: 'light dark' };

const RADII = {
  pill: { 'r-s': 8, r: 12, 'r-l': 20, 'r-control': 999, 'r-card': 18, 'r-composer': 28 },
  round: { 'r-s': 8, r: 12, 'r-l': 16, 'r-control': 12, 'r-card': 16, 'r-composer': 18 },
  soft: { 'r-s': 4, r: 6, 'r-l': 10, 'r-control': 6, 'r-card': 8, 'r-composer': 10 },
  sharp: { 'r-s': 0, r: 0, 'r-l': 0, 'r-control': 0, 'r-card': 0, 'r-composer': 0 },
};

const DENSITIES = {
  compact: { density: 0.75, leading: 1.5, 'control-base': '32px' },
  normal: { density: 1, leading: 1.6, 'control-base': '36px' },
  spacious: { density: 1.25, leading: 1.7, 'control-base': '42px' },
};

const SIZES = [14, 15, 16, 17, 18];
const SANS = 'ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif';
const MONO = 'ui-monospace, "SF Mono", SFMono-Regular, Menlo, Consolas, "Noto Sans Mono", "DejaVu Sans Mono", monospace';

const told = new Set();

/** Said once for each value: options are set anew on every change of any of them. */
function ignore(option, value) {
  const words = `chatkit: ${option} is ignored, its value is not valid:`;
  // An object may have no words at all, or such as throw.
  const key = `${words} ${typeof value === 'object' ? 'object' : String(value)}`;
  if (told.has(key)) return;
  told.add(key);
  console.warn(words, value);
}

/**
 * The CSS of a theme: a rule on :host which sets what differs from styles/tokens.css, to be adopted after it.
 * @param {import('@openai/chatkit').ColorScheme | 'auto' | import('@openai/chatkit').ThemeOption} [theme]
 * @returns {string}
 */
export function themeSheet(theme) {
  const wanted = normal(theme);
  const lines = [`color-scheme: ${one('theme.colorScheme', wanted.colorScheme, SCHEMES) ?? SCHEMES.light}`];
  const set = (values, unit = '') => {
    for (const [name, value] of Object.entries(values ?? {})) lines.push(`--${name}: ${value}${unit}`);
  };
  set(one('theme.radius', wanted.radius, RADII), 'px');
  set(one('theme.density', wanted.density, DENSITIES));
  set(type(part('theme.typography', wanted.typography)));
  set(colours(part('theme.color', wanted.color)));
  return `:host {\n${lines.map((line) => `  ${line};\n`).join('')}}\n`;
}

/** @returns {import('@openai/chatkit').FontObject[]} for installFonts() */
export function fontsOf(theme) {
  const sources = normal(theme).typography?.fontSources;
  if (sources === undefined || Array.isArray(sources)) return sources ?? [];
  ignore('theme.typography.fontSources', sources);
  return [];
}

function normal(theme) {
  return typeof theme === 'string' ? { colorScheme: theme } : part('theme', theme);
}

function part(option, value) {
  if (value === undefined || value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value;
  ignore(option, value);
  return {};
}

function one(option, value, table) {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && Object.hasOwn(table, value)) return table[value];
  ignore(option, value);
  return undefined;
}

function type({ baseSize, fontFamily, fontFamilyMono }) {
  const set = {};
  if (SIZES.includes(baseSize)) set.size = `${baseSize}px`;
  else if (baseSize !== undefined) ignore('theme.typography.baseSize', baseSize);
  for (const [option, name, value, rest] of [['fontFamily', 'sans', fontFamily, SANS], ['fontFamilyMono', 'mono', fontFamilyMono, MONO]]) {
    if (value === undefined) continue;
    const list = familyList(value);
    if (list) set[name] = `${list}, ${rest}`;
    else ignore(`theme.typography.${option}`, value);
  }
  return set;
}

function colours({ grayscale, accent, surface }) {
  const wanted = { grayscale: greys(grayscale), accent: accented(accent), surface: surfaced(surface) };
  if (!wanted.grayscale && !wanted.accent && !wanted.surface) return {};
  const light = palette('light', wanted);
  const dark = palette('dark', wanted);
  const pair = (name) => `light-dark(${hex(light[name])}, ${hex(dark[name])})`;
  return Object.fromEntries(Object.keys(light).map((name) => [name, pair(name)]));
}

function whole(option, value, low, high) {
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  ignore(option, value);
  return undefined;
}

function greys(option) {
  if (option === undefined) return undefined;
  const { hue, tint = 0, shade = 0 } = part('theme.color.grayscale', option);
  if (!Number.isFinite(hue)) {
    ignore('theme.color.grayscale.hue', hue);
    return undefined;
  }
  return {
    hue: ((hue % 360) + 360) % 360,
    tint: whole('theme.color.grayscale.tint', tint, 0, 9) ?? 0,
    shade: whole('theme.color.grayscale.shade', shade, -4, 4) ?? 0,
  };
}

function accented(option) {
  if (option === undefined) return undefined;
  const { primary, level = 1 } = part('theme.color.accent', option);
  const colour = colourOf('theme.color.accent.primary', primary);
  return colour && { primary: colour, level: whole('theme.color.accent.level', level, 0, 3) ?? 1 };
}

function surfaced(option) {
  if (option === undefined) return undefined;
  const { background, foreground } = part('theme.color.surface', option);
  const ground = background === undefined ? undefined : colourOf('theme.color.surface.background', background);
  const words = foreground === undefined ? undefined : colourOf('theme.color.surface.foreground', foreground);
  return ground || words ? { background: ground, foreground: words } : undefined;
}

/** @returns {[number, number, number, number]|undefined} red, green, blue and opacity, each 0..1 */
function colourOf(option, value) {
  const found = typeof value === 'string' && value.length < 200 ? read(value.trim()) : undefined;
  if (!found) ignore(option, value);
  return found;
}

/**
 * Any colour that CSS knows, by asking the browser for its parts: its text goes into one property of an element of ours and
 * nowhere else. A colour that stands for another (`var()`, `currentcolor`) has no value of its own here, and none is found.
 */
function read(text) {
  const plain = fromHex(text);
  if (plain) return [...plain, 1];
  if (typeof CSS === 'undefined' || !CSS.supports('color', text) || /var\(|env\(|attr\(|currentcolor|inherit|initial|unset|revert/i.test(text)) {
    return undefined;
  }
  const probe = document.createElement('i');
  probe.style.setProperty('color', `color-mix(in srgb, ${text}, ${text})`);
  document.documentElement.append(probe);
  const parts = getComputedStyle(probe).color.match(/-?[\d.]+(?:e-?\d+)?/g)?.map(Number) ?? [];
  probe.remove();
  const [r, g, b, opacity = 1] = parts;
  return b === undefined || opacity === 0 ? undefined : [r, g, b, opacity].map((v) => Math.min(1, Math.max(0, v)));
}

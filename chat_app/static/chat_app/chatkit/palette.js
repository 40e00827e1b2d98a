/** From a theme's colours to the colour tokens of one scheme. What a token is for stands in styles/tokens.css. */

import { contrast, isDark, lch, legible, mix, readable, rgb } from './colour.js';

/**
 * @typedef {object} Colours
 * @property {{hue: number, tint: number, shade: number}} [grayscale]
 * @property {{primary: number[], level: 0|1|2|3}} [accent] colours as red, green, blue and opacity, each 0..1
 * @property {{background?: number[], foreground?: number[]}} [surface]
 */

/** Lightness of each grey, and how much of the tint it takes. */
const GREYS = {
  light: {
    bg: [1, 0.45], 'bg-side': [0.98, 0.6], 'bg-raised': [1, 0.45], 'bg-soft': [0.964, 0.6], 'bg-hover': [0.942, 0.7],
    'bg-code': [0.978, 0.6], line: [0.918, 0.8], 'line-strong': [0.83, 1],
    text: [0.22, 0.9], 'text-soft': [0.43, 1], 'text-faint': [0.535, 1],
  },
  dark: {
    bg: [0.205, 0.6], 'bg-side': [0.18, 0.6], 'bg-raised': [0.25, 0.7], 'bg-soft': [0.268, 0.8], 'bg-hover': [0.305, 0.8],
    'bg-code': [0.183, 0.6], line: [0.315, 0.9], 'line-strong': [0.43, 1],
    text: [0.945, 0.5], 'text-soft': [0.78, 0.8], 'text-faint': [0.69, 0.9],
  },
};

/** A tint of nine, the strongest there is, has this chroma. */
const TINTED = 0.0324;
const DEFAULT_GREYS = { hue: 265, tint: 0.8, shade: 0 };

/** Hue and chroma of what has a meaning; the lightness is found on the ground that it stands on. */
const STATUS = {
  success: [150, 0.13], danger: [27, 0.185], warning: [70, 0.13], info: [255, 0.16], discovery: [300, 0.17], caution: [95, 0.12],
};
const CODE = {
  'code-comment': [0, 0], 'code-keyword': [345, 0.15], 'code-string': [148, 0.11], 'code-number': [52, 0.13],
  'code-title': [256, 0.14], 'code-type': [196, 0.085],
};

/**
 * @param {'light'|'dark'} scheme
 * @param {Colours} [colours]
 * @returns {Record<string, import('./colour.js').Rgb>} token without its dashes -> colour
 */
export function palette(scheme, colours = {}) {
  const own = greys(scheme, colours.grayscale ?? DEFAULT_GREYS);
  const tokens = colours.surface ? fromSurface(colours.surface, own) : own;
  const level = colours.accent?.level ?? 1;
  const primary = colours.accent ? over(colours.accent.primary, tokens.bg) : tokens.text;
  if (level === 3) tintGrounds(tokens, primary);
  const dark = isDark(tokens.bg);
  for (const name of Object.keys(tokens)) if (name.startsWith('bg')) tokens[name] = readable(tokens[name], dark);
  const grounds = groundsOf(tokens);
  tokens.text = legible(tokens.text, grounds, 7);
  tokens['text-soft'] = legible(tokens['text-soft'], grounds);
  tokens['text-faint'] = legible(tokens['text-faint'], grounds);
  Object.assign(tokens, accents(tokens, primary, level, Boolean(colours.accent)), statuses(tokens), codes(tokens));
  return tokens;
}

const groundsOf = (tokens) => Object.keys(tokens).filter((name) => name.startsWith('bg')).map((name) => tokens[name]);

function greys(scheme, { hue, tint, shade }) {
  const chroma = (tint / 9) * TINTED;
  const tokens = {};
  for (const [name, [base, share]] of Object.entries(GREYS[scheme])) {
    const ground = name.startsWith('bg') || name.startsWith('line');
    tokens[name] = rgb({ l: shaded(base, scheme, ground, tint, shade), c: chroma * share, h: hue });
  }
  return tokens;
}

/** A shade above nought makes every grey darker, one below lighter: in both schemes. White takes a tint only once it is darker. */
function shaded(base, scheme, ground, tint, shade) {
  if (scheme === 'dark') return ground ? base - shade * 0.016 : base - shade * 0.006;
  if (!ground) return base - shade * 0.012;
  return 1 - (1 - base) * (1 + shade * 0.12) - Math.max(0, shade) * 0.01 - tint * 0.0011;
}

/** Everything between a page's own two colours; where it has but one, the other is the grey that it takes the place of. */
function fromSurface({ background, foreground }, own) {
  const bg = background ? over(background, own.bg) : own.bg;
  const words = legible(foreground ? over(foreground, bg) : own.text, [bg], 7);
  const between = (share) => mix(bg, words, share);
  return {
    bg, 'bg-side': between(0.022), 'bg-raised': isDark(bg) ? between(0.045) : bg,
    'bg-soft': between(0.05), 'bg-hover': between(0.085), 'bg-code': between(0.03),
    line: between(0.1), 'line-strong': between(0.24), text: words, 'text-soft': between(0.75), 'text-faint': between(0.62),
  };
}

const over = ([r, g, b, opacity = 1], ground) => mix(ground, [r, g, b], opacity);

function tintGrounds(tokens, primary) {
  const share = { bg: 0.015, 'bg-side': 0.05, 'bg-raised': 0.01, 'bg-soft': 0.065, 'bg-hover': 0.09, 'bg-code': 0.04, line: 0.12 };
  for (const [name, amount] of Object.entries(share)) tokens[name] = mix(tokens[name], primary, amount);
}

/**
 * How far the accent reaches. 0: filled buttons, ticked boxes, the ring of focus. 1: links and marked words too. 2: what is
 * soft or chosen, and the user's bubbles. 3: the grounds too, and the user's bubbles in full colour.
 */
function accents(tokens, primary, level, chosen) {
  const fill = seen(primary, tokens.bg);
  const grounds = groundsOf(tokens);
  const dark = isDark(tokens.bg);
  const soft = level >= 2 ? readable(mix(tokens.bg, fill, dark ? 0.24 : 0.12), dark) : tokens['bg-hover'];
  const words = level >= 1 ? fill : tokens.text;
  const bubble = [tokens['bg-soft'], tokens['bg-soft'], soft, fill][level];
  return {
    accent: fill,
    'accent-strong': legible(words, [...grounds, soft]),
    'accent-hover': pointed(fill),
    'on-accent': onFill(fill),
    'accent-soft': soft,
    'on-accent-soft': legible(tokens.text, [soft], 7),
    bubble,
    'on-bubble': level === 3 ? onFill(fill) : legible(tokens.text, [bubble], 7),
    focus: legible(chosen ? fill : rgb({ l: 0.58, c: 0.19, h: 258 }), grounds, 3),
  };
}

/**
 * The accent as it fills. A colour that cannot be told from the ground (black on a dark page) takes the lightness at the other
 * end; a vivid one on which white falls a little short is darkened until it does not, since black on it looks wrong to most.
 */
function seen(colour, ground) {
  const { l, c, h } = lch(colour);
  const white = contrast(colour, [1, 1, 1]);
  if (c > 0.06 && white >= 3.2 && white < 4.5) return readable(colour, true, 4.55);
  if (contrast(colour, ground) >= 1.4) return colour;
  return legible(rgb({ l: 1 - l, c, h }), [ground], 3);
}

/** A fill that is pointed at: a step away from the words on it, or towards them where there is contrast to spare. */
function pointed(fill) {
  const { l, c, h } = lch(fill);
  const words = onFill(fill);
  const spare = contrast(fill, words) > 7 ? 1 : -1;
  return rgb({ l: l + spare * (isDark(fill) ? 0.07 : -0.05), c, h });
}

function onFill(fill) {
  const { c, h } = lch(fill);
  return legible(rgb(isDark(fill) ? { l: 0.99, c: 0, h } : { l: 0.2, c: Math.min(c, 0.04), h }), [fill]);
}

function statuses(tokens) {
  const dark = isDark(tokens.bg);
  const found = {};
  for (const [name, [h, c]] of Object.entries(STATUS)) {
    const soft = readable(mix(tokens.bg, rgb({ l: dark ? 0.62 : 0.7, c, h }), dark ? 0.2 : 0.13), dark);
    const words = legible(rgb({ l: dark ? 0.76 : 0.52, c, h }), [...groundsOf(tokens), soft]);
    found[name] = words;
    found[`${name}-soft`] = soft;
    found[`on-${name}`] = onFill(words);
  }
  return found;
}

function codes(tokens) {
  const dark = isDark(tokens['bg-code']);
  const found = {};
  for (const [name, [h, c]] of Object.entries(CODE)) {
    const colour = c ? rgb({ l: dark ? 0.8 : 0.46, c: dark ? c * 0.75 : c, h }) : tokens['text-faint'];
    found[name] = legible(colour, [tokens['bg-code']]);
  }
  return found;
}

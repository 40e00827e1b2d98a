/**
 * From values that a model or a server wrote to values that a style may have. Whatever is not of a known form is undefined,
 * so nothing can be injected: no colour, length or ratio reaches a style but through here.
 * Numbers are spacing units (4 px times the density) where they space, and pixels where they measure.
 */

import { paletteColour } from './primitives.js';

const NUMBER = String.raw`\d{1,5}(?:\.\d{1,4})?`;
const LENGTH = new RegExp(`^(?:0|${NUMBER}(?:px|em|rem|ch|%|vw|vh|svh|dvh|cqi|cqb|cqw|cqh))$`);
const MEASURES = new Set(['auto', 'min-content', 'max-content', 'fit-content']);
const BARE = new RegExp(`^${NUMBER}$`);
const FUNCTION = /^(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch)\([\d\s.,%/+\-a-z]{1,80}\)$/i;
const WORD = /^[a-z]{3,24}$/i;
const LARGEST = 10_000;

const TOKENS = {
  text: {
    prose: '--text',
    primary: '--text',
    emphasis: '--text',
    secondary: '--text-soft',
    tertiary: '--text-faint',
    success: '--success',
    warning: '--warning',
    danger: '--danger',
    info: '--info',
    discovery: '--discovery',
    caution: '--caution',
    accent: '--accent-strong',
  },
  surface: {
    surface: '--bg',
    'surface-secondary': '--bg-soft',
    'surface-tertiary': '--bg-hover',
    'surface-elevated': '--bg-raised',
    'surface-elevated-secondary': '--bg-soft',
  },
  border: { default: '--line', subtle: '--line', strong: '--line-strong' },
};
const RADII = {
  none: '0',
  '2xs': '2px',
  xs: '4px',
  sm: '6px',
  md: '8px',
  lg: '10px',
  xl: '12px',
  '2xl': '16px',
  '3xl': '20px',
  '4xl': '24px',
  full: '9999px',
  '100%': '100%',
};
const LINES = new Set(['solid', 'dashed', 'dotted', 'double', 'groove', 'ridge', 'inset', 'outset']);
const SIDES = { top: 'block-start', right: 'inline-end', bottom: 'block-end', left: 'inline-start' };

/** Whatever it is, as text that may be shown. */
export function text(value) {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** A finite number within bounds, of a number or of digits. */
export function count(value, least, most) {
  const number = typeof value === 'string' && BARE.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number)
    ? Math.min(most, Math.max(least, Math.round(number)))
    : undefined;
}

/** The member of a literal list or the keys of a table that `value` is, else the fallback. */
export function oneOf(value, list, fallback) {
  if (typeof value !== 'string') return fallback;
  const known = Array.isArray(list) ? list.includes(value) : Object.hasOwn(list, value);
  return known ? value : fallback;
}

/** Only a plain object is one; everything else reads as empty. */
export function object(value) {
  return value && typeof value === 'object' && !Array.isArray(value) ? value : {};
}

/** A width or a height: pixels, or a CSS length. */
export function measure(value) {
  if (number(value) !== undefined) return `${number(value)}px`;
  const given = typeof value === 'string' ? value.trim().toLowerCase() : '';
  return LENGTH.test(given) || MEASURES.has(given) ? given : undefined;
}

/** A gap, a padding or a margin: spacing units, or one to four CSS lengths. */
export function space(value, { several = false } = {}) {
  if (number(value) !== undefined) return number(value) === 0 ? '0px' : `calc(var(--s1) * ${number(value)})`;
  const parts = typeof value === 'string' ? value.trim().toLowerCase().split(/\s+/) : [];
  return parts.length >= 1 && parts.length <= (several ? 4 : 1) && parts.every((part) => LENGTH.test(part))
    ? parts.join(' ')
    : undefined;
}

/** Padding or margin of each logical side: {top, right, bottom, left}, left being where reading begins. */
export function sides(value) {
  const all = space(value, { several: true });
  if (all) {
    const [top, right = top, bottom = top, left = right] = all.startsWith('calc') ? [all] : all.split(' ');
    return { top, right, bottom, left };
  }
  const { x, y, ...own } = object(value);
  const side = (name, both) => space(own[name]) ?? space(both);
  return { top: side('top', y), right: side('right', x), bottom: side('bottom', y), left: side('left', x) };
}

/** @param {'text'|'surface'|'border'} [kind] whose tokens `value` may name */
export function colour(value, kind) {
  if (value && typeof value === 'object') {
    const light = single(value.light, kind);
    const dark = single(value.dark, kind);
    return light && dark ? `light-dark(${light}, ${dark})` : (light ?? dark);
  }
  return single(value, kind);
}

function single(value, kind) {
  if (typeof value !== 'string') return undefined;
  const given = value.trim();
  const tokens = TOKENS[kind] ?? {};
  if (Object.hasOwn(tokens, given)) return `var(${tokens[given]})`;
  const own = paletteColour(given);
  if (own) return own;
  const likely = /^#[\da-f]{3,8}$/i.test(given) || FUNCTION.test(given) || WORD.test(given);
  return likely && CSS.supports('color', given) && !/^(?:inherit|initial|unset|revert)$/i.test(given) ? given : undefined;
}

export function radius(value) {
  return typeof value === 'string' && Object.hasOwn(RADII, value) ? RADII[value] : undefined;
}

export function ratio(value) {
  if (typeof value === 'number') return value > 0.01 && value < 100 ? String(value) : undefined;
  const found = typeof value === 'string' ? new RegExp(`^\\s*(${NUMBER})(?:\\s*/\\s*(${NUMBER}))?\\s*$`).exec(value) : null;
  if (!found || Number(found[1]) === 0 || Number(found[2] ?? 1) === 0) return undefined;
  return found[2] ? `${found[1]} / ${found[2]}` : found[1];
}

export function flex(value) {
  if (typeof value === 'number')
    return value >= 0 && value <= 1000 ? `${value} ${value ? 1 : 0} ${value ? '0%' : 'auto'}` : undefined;
  if (typeof value !== 'string') return undefined;
  const parts = value.trim().split(/\s+/);
  if (parts.length === 1 && BARE.test(parts[0])) return flex(Number(parts[0]));
  const fits = parts.length <= 3 && parts.every((part, at) => (at < 2 ? BARE.test(part) : measure(part) !== undefined));
  return fits || value === 'auto' || value === 'none' ? value : undefined;
}

/** Styles of each side's border: `border-block-start` and its like. */
export function borders(value) {
  const styles = {
    'border-block-start': undefined,
    'border-block-end': undefined,
    'border-inline-start': undefined,
    'border-inline-end': undefined,
  };
  const whole = line(value);
  const given = object(value);
  for (const [name, side] of Object.entries(SIDES)) {
    const both = name === 'top' || name === 'bottom' ? given.y : given.x;
    styles[`border-${side}`] = whole ?? line(given[name]) ?? line(both);
  }
  return styles;
}

function line(value) {
  const { size, color, style } = typeof value === 'number' ? { size: value } : object(value);
  const thick = count(size, 0, 64);
  if (thick === undefined) return undefined;
  return thick === 0 ? '0' : `${thick}px ${LINES.has(style) ? style : 'solid'} ${colour(color, 'border') ?? 'var(--line)'}`;
}

function number(value) {
  const given = typeof value === 'string' && BARE.test(value.trim()) ? Number(value) : value;
  return typeof given === 'number' && given >= 0 && given <= LARGEST ? given : undefined;
}

/** Styles that several types share: sizes, spacing, borders and grounds of boxes, and how a text is set. Only checked values pass. */

import { borders, colour, count, flex, measure, oneOf, radius, ratio, sides, space } from './values.js';

const ALIGN = { start: 'flex-start', center: 'center', end: 'flex-end', baseline: 'baseline', stretch: 'stretch' };
const JUSTIFY = {
  start: 'flex-start',
  center: 'center',
  end: 'flex-end',
  between: 'space-between',
  around: 'space-around',
  evenly: 'space-evenly',
  stretch: 'stretch',
};
const WEIGHTS = { normal: '400', medium: '500', semibold: '600', bold: '700' };

/** Set these styles; undefined takes one away. */
export function setStyles(element, styles) {
  for (const [name, value] of Object.entries(styles)) {
    if (value === undefined) element.style.removeProperty(name);
    else element.style.setProperty(name, value);
  }
}

/** Width, height and what bounds them. */
export function blockStyles(spec) {
  const both = measure(spec.size);
  const least = measure(spec.minSize);
  const most = measure(spec.maxSize);
  const fixed = measure(spec.width) ?? both;
  return {
    width: fixed,
    height: measure(spec.height) ?? both,
    'min-width': measure(spec.minWidth) ?? least,
    'min-height': measure(spec.minHeight) ?? least,
    'max-width': measure(spec.maxWidth) ?? most ?? (fixed && fixed !== 'auto' ? '100%' : undefined),
    'max-height': measure(spec.maxHeight) ?? most,
    'aspect-ratio': ratio(spec.aspectRatio),
    'border-radius': radius(spec.radius),
    flex: flex(spec.flex) ?? (fixed ? '0 0 auto' : undefined),
    ...spaced('margin', spec.margin),
  };
}

/** All that a box of components may have. */
export function boxStyles(spec, { row, gap }) {
  return {
    ...blockStyles(spec),
    'flex-direction': row ? 'row' : 'column',
    'align-items': ALIGN[oneOf(spec.align, ALIGN)],
    'justify-content': JUSTIFY[oneOf(spec.justify, JUSTIFY)],
    'flex-wrap': oneOf(spec.wrap, ['nowrap', 'wrap', 'wrap-reverse']),
    gap: space(spec.gap) ?? space(gap),
    background: colour(spec.background, 'surface'),
    ...padded(spec.padding),
    ...borders(spec.border),
  };
}

/** Padding, and the same as properties that what lies flush inside reads. */
export function padded(padding) {
  const found = sides(padding);
  const any = Object.values(found).some(Boolean);
  const part = (side) => (any ? (found[side] ?? '0px') : undefined);
  return {
    ...spaced('padding', padding),
    '--w-top': part('top'),
    '--w-bottom': part('bottom'),
    '--w-start': part('left'),
    '--w-end': part('right'),
  };
}

function spaced(what, value) {
  const { top, right, bottom, left } = sides(value);
  return {
    [`${what}-block-start`]: top,
    [`${what}-block-end`]: bottom,
    [`${what}-inline-start`]: left,
    [`${what}-inline-end`]: right,
  };
}

/** Colour, weight and alignment of a text, and how many lines it may have. */
export function textStyles(spec) {
  const lines = spec.truncate === true ? undefined : count(spec.maxLines, 1, 1000);
  return {
    color: colour(spec.color, 'text'),
    'font-weight': WEIGHTS[oneOf(spec.weight, WEIGHTS)],
    'text-align': oneOf(spec.textAlign, ['start', 'center', 'end']),
    '--w-lines': lines === undefined ? undefined : String(lines),
  };
}

/** Classes of a text that is cut. */
export function cutClasses(element, spec) {
  element.classList.toggle('w-truncate', spec.truncate === true);
  element.classList.toggle('w-clamp', spec.truncate !== true && count(spec.maxLines, 1, 1000) !== undefined);
}

/** Replace the classes of one family, as `w-size-` by `w-size-md`. */
export function setVariant(element, family, value) {
  const wanted = value ? `${family}${value}` : undefined;
  for (const name of [...element.classList]) if (name.startsWith(family) && name !== wanted) element.classList.remove(name);
  if (wanted) element.classList.add(wanted);
}

/** The colour scheme that a root asks for, for itself and all within. */
export function setTheme(element, theme) {
  const wanted = oneOf(theme, ['light', 'dark']);
  element.style.setProperty('color-scheme', wanted ?? 'inherit');
  element.classList.toggle('w-themed', Boolean(wanted));
}

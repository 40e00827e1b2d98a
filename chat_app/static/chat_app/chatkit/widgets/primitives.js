/** Primitive colours by name, as `red-100` or `gray-900`, and the colours that a chart's series take. Worked out, not listed. */

/** Hue and greatest chroma, in OKLCH. */
const HUES = {
  gray: [265, 0.008],
  red: [25, 0.2],
  orange: [52, 0.18],
  yellow: [88, 0.16],
  green: [152, 0.16],
  teal: [190, 0.11],
  blue: [255, 0.18],
  purple: [300, 0.19],
  pink: [350, 0.19],
};
const STEP = /^([a-z]{3,6})-(\d{1,4})$/;

/** In the order in which series take them; each has a light and a dark form of like weight. */
export const SERIES = ['blue', 'green', 'orange', 'purple', 'red', 'yellow', 'pink'];

/** @returns {string|undefined} a CSS colour */
export function paletteColour(name) {
  const [, hue, step] = STEP.exec(name) ?? [];
  if (!hue || !Object.hasOwn(HUES, hue) || Number(step) > 1000) return undefined;
  return shade(hue, Number(step) / 1000);
}

/** @returns {string|undefined} the colour that a chart's token stands for, in both schemes */
export function seriesColour(token) {
  return SERIES.includes(token) ? `light-dark(${shade(token, 0.5)}, ${shade(token, 0.4)})` : undefined;
}

/** From nearly white (0) to nearly black (1). Colour is fullest in the middle. */
function shade(hue, depth) {
  const [angle, chroma] = HUES[hue];
  const light = hue === 'yellow' ? 0.99 - 0.64 * depth : 0.985 - 0.72 * depth;
  const full = Math.min(1, Math.sin(Math.PI * Math.min(1, 0.04 + depth * 0.92)) * 1.06);
  return `oklch(${light.toFixed(3)} ${(chroma * full).toFixed(4)} ${angle})`;
}

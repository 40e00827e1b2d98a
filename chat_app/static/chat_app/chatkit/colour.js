/** Colour maths: sRGB and OKLCH, contrast by WCAG 2. Numbers in, numbers out: no theme, no names of tokens here. */

/** @typedef {[number, number, number]} Rgb sRGB, each 0..1 */
/** @typedef {{l: number, c: number, h: number}} Lch OKLCH; `h` in degrees */

const toLinear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const toGamma = (v) => (v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055);
const clamp = (v, low = 0, high = 1) => Math.min(high, Math.max(low, v));

/** @returns {string} `#rrggbb` */
export function hex(rgb) {
  return `#${rgb.map((v) => Math.round(clamp(v) * 255).toString(16).padStart(2, '0')).join('')}`;
}

/** @returns {Rgb|null} for `#rgb` and `#rrggbb`, which need no browser to be read */
export function fromHex(text) {
  const found = /^#(?:([\da-f]{6})|([\da-f]{3}))$/i.exec(text);
  if (!found) return null;
  const digits = found[1] ?? [...found[2]].map((d) => d + d).join('');
  return [0, 2, 4].map((at) => parseInt(digits.slice(at, at + 2), 16) / 255);
}

/** Source: Björn Ottosson, "A perceptual color space for image processing". @returns {Lch} */
export function lch(rgb) {
  const [r, g, b] = rgb.map(toLinear);
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  const a = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
  const bb = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
  return {
    l: 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    c: Math.hypot(a, bb),
    h: ((Math.atan2(bb, a) * 180) / Math.PI + 360) % 360,
  };
}

function unclamped({ l, c, h }) {
  const a = c * Math.cos((h * Math.PI) / 180);
  const b = c * Math.sin((h * Math.PI) / 180);
  const x = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const y = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const z = (l - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * x - 3.3077115913 * y + 0.2309699292 * z,
    -1.2684380046 * x + 2.6097574011 * y - 0.3413193965 * z,
    -0.0041960863 * x - 0.7034186147 * y + 1.707614701 * z,
  ];
}

/** @returns {Rgb} the colour, or the most vivid one of its lightness and hue that a screen can show */
export function rgb({ l, c, h }) {
  const fits = (tried) => unclamped({ l, c: tried, h }).every((v) => v >= -0.0005 && v <= 1.0005);
  let chroma = c;
  if (!fits(c)) {
    let low = 0;
    let high = c;
    for (let step = 0; step < 12; step += 1) {
      const middle = (low + high) / 2;
      if (fits(middle)) low = middle;
      else high = middle;
    }
    chroma = low;
  }
  return unclamped({ l, c: chroma, h }).map((v) => clamp(toGamma(clamp(v))));
}

/** @param {number} share of `b`, 0..1 @returns {Rgb} */
export const mix = (a, b, share) => a.map((v, at) => v + (b[at] - v) * share);

export function luminance(colour) {
  const [r, g, b] = colour.map(toLinear);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Source: WCAG 2.2, "contrast ratio". @returns {number} 1..21 */
export function contrast(a, b) {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

const WHITE = [1, 1, 1];
const BLACK = [0, 0, 0];
const worst = (colour, grounds) => Math.min(...grounds.map((ground) => contrast(colour, ground)));

/** Whether white words are read better on all the grounds than black ones. */
export const isDark = (...grounds) => worst(WHITE, grounds) > worst(BLACK, grounds);

/**
 * The colour itself where it is legible on all the grounds, else the nearest lightness of its hue which is.
 * @param {Rgb} colour
 * @param {Rgb[]} grounds
 * @returns {Rgb}
 */
export function legible(colour, grounds, ratio = 4.6) {
  if (worst(colour, grounds) >= ratio) return colour;
  const step = isDark(...grounds) ? 0.01 : -0.01;
  const { l, c, h } = lch(colour);
  for (let at = l + step; at > 0 && at < 1; at += step) {
    const tried = rgb({ l: at, c, h });
    if (worst(tried, grounds) >= ratio) return tried;
  }
  return step > 0 ? WHITE : BLACK;
}

/**
 * The ground itself where words of its opposite (black or white) can be read on it, else the nearest lightness where they can.
 * @param {boolean} dark whether the words are to be white
 */
export function readable(ground, dark, ratio = 4.9) {
  const words = dark ? WHITE : BLACK;
  const { l, c, h } = lch(ground);
  let found = ground;
  for (let at = l; contrast(found, words) < ratio && at > 0 && at < 1; found = rgb({ l: at, c, h })) at += dark ? -0.01 : 0.01;
  return found;
}

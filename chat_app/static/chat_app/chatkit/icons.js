/**
 * Pictures by name: ChatKit's, the chat's own, and any of Lucide's as `lucide:<name>`. They are drawn from data, never from
 * SVG text, and only with the shapes and attributes listed here. A name that nobody knows is a neutral dot, never an error.
 */

import DRAWINGS from '../vendor/lucide.subset.js';
import { NAMES } from './icons/names.js';

const SVG = 'http://www.w3.org/2000/svg';
const SHAPES = new Set(['path', 'circle', 'rect', 'line', 'polyline', 'polygon', 'ellipse']);
const ATTRIBUTES = new Set([
  'd',
  'cx',
  'cy',
  'r',
  'rx',
  'ry',
  'x',
  'y',
  'x1',
  'x2',
  'y1',
  'y2',
  'width',
  'height',
  'points',
]);
const DOT = [['circle', { cx: '12', cy: '12', r: '3' }]];
const WHOLE = new URL('../vendor/lucide.json', import.meta.url);

let whole; // the promise of Lucide's whole set, asked for once

/**
 * @param {string} name
 * @param {{class?: string}} [options]
 * @returns {SVGSVGElement} hidden from screen readers: its meaning is in the words beside it
 */
export function icon(name, options = {}) {
  const asked = typeof name === 'string' ? name : '';
  const lucide = asked.startsWith('lucide:') ? asked.slice(7) : undefined;
  const [drawing, ...marks] = (lucide ?? (Object.hasOwn(NAMES, asked) ? NAMES[asked] : '')).split(' ');
  const svg = frame(['icon', options.class, ...marks.map((mark) => `icon-${mark}`)]);
  const known = Object.hasOwn(DRAWINGS, drawing);
  draw(svg, known && drawing !== 'dot' ? DRAWINGS[drawing] : DOT, !known || drawing === 'dot' || marks.includes('filled'));
  if (lucide && !known) fillIn(svg, lucide);
  return svg;
}

/** Make `svg` the picture of another name where it is not yet; answers the one that now stands there. */
export function swapIcon(svg, name, options = {}) {
  if (svg.dataset.icon === name) return svg;
  const next = icon(name, options);
  next.dataset.icon = name;
  svg.replaceWith(next);
  return next;
}

function frame(classes) {
  const svg = document.createElementNS(SVG, 'svg');
  const fixed = {
    viewBox: '0 0 24 24',
    width: '18',
    height: '18',
    fill: 'none',
    stroke: 'currentColor',
    'stroke-width': '1.75',
  };
  for (const [key, value] of Object.entries(fixed)) svg.setAttribute(key, value);
  svg.setAttribute('stroke-linecap', 'round');
  svg.setAttribute('stroke-linejoin', 'round');
  svg.setAttribute('class', classes.filter(Boolean).join(' '));
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('focusable', 'false');
  return svg;
}

function draw(svg, nodes, solid) {
  const shapes = [];
  for (const [tag, attributes] of nodes) {
    if (!SHAPES.has(tag)) continue;
    const shape = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(attributes)) if (ATTRIBUTES.has(key)) shape.setAttribute(key, value);
    if (solid && !shapes.length) shape.setAttribute('fill', 'currentColor');
    else if (solid) shape.style.setProperty('stroke', 'var(--bg, Canvas)'); // a tick upon a filled shape
    shapes.push(shape);
  }
  svg.replaceChildren(...shapes);
}

async function fillIn(svg, name) {
  const { icons, aliases } = await all();
  const found = Object.hasOwn(aliases, name) ? aliases[name] : name;
  if (Object.hasOwn(icons, found)) draw(svg, icons[found], false);
}

function all() {
  whole ??= fetch(WHOLE)
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`Icons: ${answer.status}`))))
    .catch(() => {
      whole = undefined; // the dot stays; the next such icon asks again
      return { icons: {}, aliases: {} };
    });
  return whole;
}

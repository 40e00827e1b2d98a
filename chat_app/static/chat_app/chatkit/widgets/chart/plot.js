/** The drawing of a chart at a given size: grid, axes, bars, areas, lines. Elements only, no listeners. */

import { areaOf, pathOf } from './curves.js';

const SVG = 'http://www.w3.org/2000/svg';
const LETTER = 6.6; // about how wide a letter of a label is
const TOP = 10;
const ROUND = 4;

/**
 * @returns {{nodes: SVGElement[], x: (at: number) => number, band: number, left: number, right: number, top: number, bottom: number}}
 */
export function plot(model, { width, height, yAxis, gap, groupGap, format, rtl }) {
  const marks = model.ticks.map(format);
  const side = yAxis ? Math.max(...marks.map((mark) => mark.length)) * LETTER + 12 : 2;
  const box = { top: TOP, bottom: height - (model.hideX ? 8 : 26), left: rtl ? 2 : side, right: width - (rtl ? side : 2) };
  const n = Math.max(1, model.labels.length);
  const bars = model.series.some((one) => one.type === 'bar');
  const band = (box.right - box.left) / (bars || n === 1 ? n : n - 0.4);
  const first = bars || n === 1 ? band / 2 : band * 0.3;
  const x = (at) => (rtl ? box.right - first - at * band : box.left + first + at * band);
  const y = (value) => box.bottom - ((value - model.low) / (model.high - model.low)) * (box.bottom - box.top);
  const frame = { ...box, x, y, band, rtl, gap, groupGap };
  const nodes = [
    ...grid(model, frame, marks, yAxis),
    ...areas(model, frame),
    ...columns(model, frame),
    ...lines(model, frame),
  ];
  if (!model.hideX) nodes.push(...labels(model, frame));
  return { nodes, ...frame };
}

function grid(model, { left, right, y, rtl }, marks, yAxis) {
  return model.ticks.flatMap((tick, at) => {
    const line = make('line', {
      class: tick === 0 ? 'w-chart-zero' : 'w-chart-grid',
      x1: left,
      x2: right,
      y1: y(tick),
      y2: y(tick),
    });
    if (!yAxis) return [line];
    const mark = make('text', {
      class: 'w-chart-mark',
      x: rtl ? right + 8 : left - 8,
      y: y(tick),
      dy: '0.35em',
      'text-anchor': rtl ? 'start' : 'end',
    });
    mark.textContent = marks[at];
    return [line, mark];
  });
}

/** As many labels as there is room for, evenly. */
function labels(model, { x, band, bottom, left, right }) {
  const longest = Math.max(1, ...model.labels.map((label) => Math.min(14, label.length)));
  const every = Math.max(1, Math.ceil((longest * LETTER + 10) / band));
  return model.labels.flatMap((label, at) => {
    if (at % every) return [];
    const half = (Math.min(14, label.length) * LETTER) / 2;
    const place = Math.min(Math.max(x(at), left + half - 8), right - half + 8);
    const mark = make('text', { class: 'w-chart-mark', x: place, y: bottom + 19, 'text-anchor': 'middle' });
    mark.textContent = label.length > 14 ? `${label.slice(0, 13)}…` : label;
    return [mark];
  });
}

function columns(model, { x, y, band, gap, groupGap, rtl }) {
  const bars = model.series.filter((one) => one.type === 'bar');
  const slots = [...new Set(bars.map((one, at) => one.stack || `own ${at}`))];
  if (!slots.length) return [];
  const room = Math.max(2, band - Math.min(band * 0.7, groupGap ?? Math.max(8, band * 0.3)));
  const between = Math.min(gap ?? 3, room / slots.length / 2);
  const wide = Math.max(1, Math.min(48, (room - between * (slots.length - 1)) / slots.length));
  const whole = wide * slots.length + between * (slots.length - 1);
  return bars.flatMap((one, index) => {
    const slot = slots.indexOf(one.stack || `own ${index}`);
    const place = rtl ? slots.length - 1 - slot : slot;
    const above = bars.slice(index + 1).filter((other) => one.stack && other.stack === one.stack);
    return one.to.flatMap((to, at) => {
      if (to === undefined || to === one.from[at]) return [];
      const free = !above.some((other) => other.to[at] !== undefined && other.values[at] < 0 === one.values[at] < 0);
      const start = x(at) - whole / 2 + place * (wide + between);
      return [
        make('path', {
          class: 'w-chart-bar',
          d: column(start, wide, y(one.from[at]), y(to), free),
          fill: one.colour,
          'data-at': at,
        }),
      ];
    });
  });
}

/** A bar from `base` to `end`, round where it ends. */
function column(x, wide, base, end, round) {
  const r = round ? Math.min(ROUND, wide / 2, Math.abs(end - base)) : 0;
  const turn = end < base ? r : -r;
  const right = x + wide;
  return `M${x} ${base}V${end + turn}Q${x} ${end} ${x + r} ${end}H${right - r}Q${right} ${end} ${right} ${end + turn}V${base}Z`;
}

function areas(model, frame) {
  return model.series
    .filter((one) => one.type === 'area')
    .flatMap((one) => {
      const [tops, bottoms] = [points(one.to, frame), points(one.from, frame)];
      return [
        make('path', { class: 'w-chart-area', d: areaOf(tops, bottoms, one.curve), fill: one.colour }),
        make('path', { class: 'w-chart-line', d: pathOf(tops, one.curve), stroke: one.colour }),
      ];
    });
}

function lines(model, frame) {
  return model.series
    .filter((one) => one.type === 'line')
    .map((one) => make('path', { class: 'w-chart-line', d: pathOf(points(one.to, frame), one.curve), stroke: one.colour }));
}

function points(values, { x, y }) {
  return values.map((value, at) => (value === undefined ? undefined : [x(at), y(value)]));
}

/** Presentation attributes know no `light-dark()`: colours go in as styles. */
export function make(tag, { fill, stroke, ...attributes }) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (fill) node.style.setProperty('fill', fill);
  if (stroke) node.style.setProperty('stroke', stroke);
  return node;
}

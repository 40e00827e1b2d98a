/** From a Chart's data to what is to be drawn: categories, series, stacks and the scale of values. Numbers only, no elements. */

import { seriesColour, SERIES } from '../primitives.js';
import { colour, object, oneOf, text } from '../values.js';

const MOST_ROWS = 400;
const MOST_SERIES = 16;

/**
 * @returns {{labels: string[], axis: string, hideX: boolean, series: Array, low: number, high: number, ticks: number[]}}
 * each series: {type, label, colour, curve, key, stack, values: (number|undefined)[], from: number[], to: (number|undefined)[]}
 */
export function modelOf(spec) {
  const rows = (Array.isArray(spec.data) ? spec.data : []).slice(0, MOST_ROWS).map(object);
  const axis = typeof spec.xAxis === 'string' ? { dataKey: spec.xAxis } : object(spec.xAxis);
  const given = (Array.isArray(spec.series) ? spec.series : []).map(object).slice(0, MOST_SERIES);
  const names = object(axis.labels);
  const labels = rows.map((row) => {
    const name = text(own(row, text(axis.dataKey)));
    return Object.hasOwn(names, name) ? text(names[name]) : name;
  });
  const series = stack(given.map((one, at) => seriesOf(one, at, rows)));
  const { low, high } = bounds(series);
  const ticks = ticksOf(low, high);
  return { labels, axis: text(axis.dataKey), hideX: axis.hide === true, series, low: ticks[0], high: ticks.at(-1), ticks };
}

function seriesOf(one, at, rows) {
  const key = text(one.dataKey);
  return {
    type: oneOf(one.type, ['bar', 'line', 'area'], 'bar'),
    key,
    label: text(one.label) || key,
    colour: seriesColour(one.color) ?? colour(one.color) ?? seriesColour(SERIES[at % SERIES.length]),
    curve: text(one.curveType) || 'monotone',
    stack: one.type === 'line' ? '' : text(one.stack),
    values: rows.map((row) => numeric(own(row, key))),
  };
}

function own(row, key) {
  return Object.hasOwn(row, key) ? row[key] : undefined;
}

function numeric(value) {
  const number = typeof value === 'string' && value.trim() ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** Where each value begins and ends: upon those of the same stack before it, gains and losses apart. */
function stack(series) {
  const heaps = new Map();
  for (const one of series) {
    const name = one.stack && `${one.type} ${one.stack}`;
    if (name && !heaps.has(name)) heaps.set(name, { up: [], down: [] });
    const heap = heaps.get(name);
    one.from = one.values.map((value, at) => (heap ? ((value < 0 ? heap.down : heap.up)[at] ?? 0) : 0));
    one.to = one.values.map((value, at) => (value === undefined ? undefined : one.from[at] + value));
    if (heap)
      one.values.forEach((value, at) => value !== undefined && ((value < 0 ? heap.down : heap.up)[at] = one.to[at]));
  }
  return series;
}

/** Bars and areas stand on zero; lines alone may do without it where their values lie far from it. */
function bounds(series) {
  const values = series.flatMap((one) => [...one.to, ...one.from.filter((_, at) => one.stack && one.to[at] !== undefined)]);
  const known = values.filter((value) => value !== undefined);
  if (!known.length) return { low: 0, high: 1 };
  let low = known.reduce((one, other) => Math.min(one, other));
  let high = known.reduce((one, other) => Math.max(one, other));
  const far = low > 0 && low > (high - low) * 2;
  if (!far || series.some((one) => one.type !== 'line')) {
    low = Math.min(0, low);
    high = Math.max(0, high);
  }
  if (low === high) high = low + (Math.abs(low) || 1);
  return { low, high };
}

/** Round steps from at most `low` to at least `high`. */
export function ticksOf(low, high, wanted = 4) {
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * 0.999);
  const ticks = [];
  for (let at = Math.floor(low / step + 1e-9); ticks.length < 12; at += 1) {
    ticks.push(Number((at * step).toPrecision(12)));
    if (ticks.at(-1) >= high - step * 1e-9) break;
  }
  return ticks;
}

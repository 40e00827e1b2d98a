/** Chart: the drawing, kept at the size of its frame, with a legend, a tooltip for pointer and keyboard, and its data as a table. */

import { fill, h, setAttr } from '../../../view/dom.js';
import { blockStyles, setStyles } from '../styles.js';
import { count } from '../values.js';
import { modelOf } from './model.js';
import { make, plot } from './plot.js';

const HEIGHT = 220;

export class Chart {
  constructor(cx) {
    this.kit = cx.kit;
    this.svg = make('svg', { class: 'w-chart-plot', 'aria-hidden': 'true', focusable: 'false' });
    this.tip = h('div', { class: 'w-chart-tip', hidden: true, 'aria-hidden': 'true' });
    this.stage = h('div', { class: 'w-chart-stage', role: 'img' }, this.svg, this.tip);
    this.legend = h('ul', { class: 'w-chart-legend', 'aria-hidden': 'true' });
    this.table = h('table', { class: 'w-hidden' });
    this.element = h('figure', { class: 'w-chart' }, this.stage, this.legend, h('div', { class: 'w-hidden' }, this.table));
    this.watch = new ResizeObserver(() => this.#draw());
    this.watch.observe(this.stage);
    this.#listen();
  }

  #listen() {
    const { stage } = this;
    stage.addEventListener('pointermove', (event) => this.#point(this.#nearest(event)));
    stage.addEventListener('pointerdown', (event) => this.#point(this.#nearest(event)));
    stage.addEventListener('pointerleave', () => this.#point(undefined));
    stage.addEventListener('blur', () => this.#point(undefined));
    stage.addEventListener('keydown', (event) => this.#key(event));
  }

  update(spec) {
    this.model = modelOf(spec);
    const { kit, model } = this;
    const styles = blockStyles(spec);
    const flat = !styles.height && !styles['aspect-ratio'];
    setStyles(this.element, { ...styles, '--w-chart-height': flat ? `${HEIGHT}px` : undefined });
    this.format = new Intl.NumberFormat(kit.locale, {
      notation: Math.abs(model.high) >= 10_000 ? 'compact' : 'standard',
      maximumFractionDigits: 2,
    });
    this.exact = new Intl.NumberFormat(kit.locale, { maximumFractionDigits: 4 });
    this.tipped = spec.showTooltip !== false && model.labels.length > 0;
    const name = kit.t('widgets.chart', { series: model.series.map((one) => one.label).join(', ') });
    this.stage.setAttribute('aria-label', this.tipped ? `${name}. ${kit.t('widgets.chartHelp')}` : name);
    setAttr(this.stage, 'tabindex', this.tipped ? '0' : undefined);
    this.#legend(spec.showLegend === true || (spec.showLegend !== false && model.series.length > 1));
    this.#table(name);
    this.drawn = undefined;
    this.#draw();
  }

  #legend(shown) {
    this.legend.hidden = !shown;
    fill(this.legend, ...this.model.series.map((one) => h('li', {}, swatch(one), h('span', { dir: 'auto' }, one.label))));
  }

  #table(name) {
    const { labels, series, axis } = this.model;
    fill(
      this.table,
      h('caption', {}, name),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('th', { scope: 'col' }, axis || this.kit.t('widgets.chartAxis')),
          ...series.map((one) => h('th', { scope: 'col' }, one.label)),
        ),
      ),
      h(
        'tbody',
        {},
        ...labels.map((label, at) =>
          h('tr', {}, h('th', { scope: 'row' }, label), ...series.map((one) => h('td', {}, this.#value(one, at)))),
        ),
      ),
    );
  }

  #value(one, at) {
    return one.values[at] === undefined ? '–' : this.exact.format(one.values[at]);
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    if (!this.model || !width || !height || this.drawn === `${width} ${height}`) return;
    this.drawn = `${width} ${height}`;
    this.svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.rtl = getComputedStyle(this.stage).direction === 'rtl';
    this.frame = plot(this.model, {
      width,
      height,
      rtl: this.rtl,
      yAxis: this.spec?.showYAxis === true,
      gap: count(this.spec?.barGap, 0, 100),
      groupGap: count(this.spec?.barCategoryGap, 0, 200),
      format: (value) => this.format.format(value),
    });
    this.cursor = make('g', { class: 'w-chart-cursor' });
    this.svg.replaceChildren(...this.frame.nodes, this.cursor);
    this.at = undefined;
    this.tip.hidden = true;
  }

  #nearest(event) {
    if (!this.frame) return undefined;
    const place = event.clientX - this.stage.getBoundingClientRect().left;
    const step = this.frame.x(1) - this.frame.x(0) || 1;
    const at = Math.round((place - this.frame.x(0)) / step);
    return Math.min(this.model.labels.length - 1, Math.max(0, at));
  }

  #key(event) {
    const last = this.model.labels.length - 1;
    const ahead = this.rtl ? -1 : 1;
    const now = this.at ?? -1;
    const to = { ArrowRight: now + ahead, ArrowLeft: now - ahead, Home: 0, End: last }[event.key];
    if (event.key === 'Escape') this.#point(undefined);
    if (to === undefined || !this.tipped) return;
    event.preventDefault();
    const at = Math.min(last, Math.max(0, to));
    this.#point(at);
    this.kit.announce(
      [this.model.labels[at], ...this.model.series.map((one) => `${one.label}: ${this.#value(one, at)}`)].join(', '),
    );
  }

  /** Show the values at a place, or none. */
  #point(at) {
    if (!this.tipped || !this.frame || at === this.at) return;
    this.at = at;
    this.tip.hidden = at === undefined;
    if (at === undefined) return this.cursor.replaceChildren();
    const { x, y, top, bottom } = this.frame;
    const dots = this.model.series
      .filter((one) => one.type !== 'bar' && one.to[at] !== undefined)
      .map((one) => make('circle', { class: 'w-chart-dot', cx: x(at), cy: y(one.to[at]), r: 4, fill: one.colour }));
    this.cursor.replaceChildren(
      make('line', { class: 'w-chart-guide', x1: x(at), x2: x(at), y1: top, y2: bottom }),
      ...dots,
    );
    fill(
      this.tip,
      h('p', { class: 'w-chart-tip-title', dir: 'auto' }, this.model.labels[at]),
      ...this.model.series.map((one) =>
        h(
          'p',
          {},
          swatch(one),
          h('span', { class: 'w-chart-tip-name', dir: 'auto' }, one.label),
          h('b', {}, this.#value(one, at)),
        ),
      ),
    );
    const { clientWidth: wide } = this.stage;
    const half = this.tip.offsetWidth + 16 > wide / 2 ? this.tip.offsetWidth / 2 : 0;
    const left = half ? x(at) - half : x(at) > wide / 2 ? x(at) - this.tip.offsetWidth - 12 : x(at) + 12;
    setStyles(this.tip, { left: `${Math.min(Math.max(0, left), Math.max(0, wide - this.tip.offsetWidth))}px` });
  }

  destroy() {
    this.watch.disconnect();
  }
}

function swatch(one) {
  const mark = h('span', { class: `w-swatch w-swatch-${one.type}` });
  mark.style.setProperty('--w-colour', one.colour);
  return mark;
}

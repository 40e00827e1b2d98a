/** A month to choose a day from, by pointer and by keyboard. Days are texts as `2026-11-29`; what one is chosen for is not known here. */

import { fill, h, iconButton, setAttr, setText } from '../../view/dom.js';

const DAY = 86_400_000;
const WRITTEN = /^\d{4}-\d\d-\d\d$/;

/** @returns {string} today, where the visitor is */
export function today() {
  const now = new Date();
  return iso(Date.UTC(now.getFullYear(), now.getMonth(), now.getDate()));
}

export class Calendar {
  /** @param {object} kit @param {(day: string) => void} choose */
  constructor(kit, choose) {
    Object.assign(this, { kit, choose });
    this.title = h('h3', { class: 'w-month', 'aria-live': 'polite' });
    const turn = (key, icon, by) => iconButton(kit.t(key), kit.icon(icon), () => this.#turn(by), { class: 'w-turn' });
    this.back = turn('widgets.previousMonth', 'chevron-back', -1);
    this.on = turn('widgets.nextMonth', 'chevron-forward', 1);
    this.names = h('tr');
    this.weeks = h('tbody');
    const grid = h('table', { role: 'grid', class: 'w-days', on: { keydown: (event) => this.#key(event) } },
      h('thead', {}, this.names), this.weeks);
    this.element = h('div', { class: 'w-calendar' }, h('div', { class: 'w-calendar-head' }, this.back, this.title, this.on), grid);
    this.grid = grid;
  }

  /** Show the month of a day. @param {{value: string, min: string, max: string}} given the chosen day and the bounds, or '' */
  show({ value, min, max }) {
    Object.assign(this, { value, min, max });
    this.#go(this.#within(WRITTEN.test(value) ? value : today())); // a field takes years of five digits too
  }

  focus() {
    this.weeks.querySelector('[tabindex="0"]')?.focus();
  }

  #within(day) {
    if (this.min && day < this.min) return this.min;
    return this.max && day > this.max ? this.max : day;
  }

  #go(day, { focus = false } = {}) {
    this.day = day;
    this.#draw();
    if (focus) this.focus();
  }

  #turn(months, options) {
    this.#go(this.#within(shifted(this.day, months)), options);
  }

  #format(options) {
    return new Intl.DateTimeFormat(this.kit.locale, { calendar: 'gregory', timeZone: 'UTC', ...options });
  }

  #draw() {
    const first = time(`${this.day.slice(0, 8)}01`);
    const begin = first - ((new Date(first).getUTCDay() - firstDay(this.kit.locale) + 7) % 7) * DAY;
    const month = this.#format({ month: 'long', year: 'numeric' }).format(first);
    const [short, long] = [this.#format({ weekday: 'narrow' }), this.#format({ weekday: 'long' })];
    setText(this.title, month);
    setAttr(this.grid, 'aria-label', month);
    // Not `disabled`, which would let go of the focus.
    setAttr(this.back, 'aria-disabled', Boolean(this.min) && iso(first) <= this.min && 'true');
    setAttr(this.on, 'aria-disabled', Boolean(this.max) && shifted(iso(first), 1) > this.max && 'true');
    const week = Array.from({ length: 7 }, (_, at) => begin + at * DAY);
    fill(this.names, ...week.map((day) => h('th', { scope: 'col', 'aria-label': long.format(day) }, short.format(day))));
    const rows = Math.ceil((time(shifted(iso(first), 1)) - begin) / DAY / 7);
    fill(this.weeks, ...Array.from({ length: rows }, (_, row) => h('tr', {}, ...week.map((day) => this.#cell(day + row * 7 * DAY)))));
  }

  #cell(at) {
    const day = iso(at);
    const inside = day.slice(0, 7) === this.day.slice(0, 7);
    const button = inside && h('button', {
      type: 'button',
      class: 'w-day',
      tabindex: day === this.day ? '0' : '-1',
      disabled: this.#within(day) !== day,
      'aria-label': this.#format({ dateStyle: 'full' }).format(at),
      'aria-current': day === today() ? 'date' : undefined,
      'aria-pressed': String(day === this.value),
      on: { click: () => this.choose(day) },
    }, this.#format({ day: 'numeric' }).format(at));
    return h('td', {}, button);
  }

  #key(event) {
    const { key, shiftKey } = event;
    const ahead = this.kit.dir === 'rtl' ? -1 : 1;
    const place = [...event.target.closest('tr').children].indexOf(event.target.closest('td'));
    const days = { ArrowRight: ahead, ArrowLeft: -ahead, ArrowDown: 7, ArrowUp: -7, Home: -place, End: 6 - place }[key];
    const months = { PageDown: 1, PageUp: -1 }[key];
    if (days === undefined && months === undefined) return;
    event.preventDefault();
    if (months) this.#turn(shiftKey ? months * 12 : months, { focus: true });
    else this.#go(this.#within(iso(time(this.day) + days * DAY)), { focus: true });
  }
}

function time(day) {
  return Date.parse(`${day}T00:00:00Z`);
}

function iso(at) {
  return new Date(at).toISOString().slice(0, 10);
}

/** The same day some months on, or the last of that month where it has fewer. */
function shifted(day, months) {
  const [year, month, date] = day.split('-').map(Number);
  const last = new Date(0);
  last.setUTCFullYear(year, month + months, 0); // `Date.UTC` takes the year 26 for 1926
  last.setUTCDate(Math.min(date, last.getUTCDate()));
  return iso(last.getTime());
}

/** The day that a week begins with, as `getUTCDay` counts. */
function firstDay(locale) {
  const found = new Intl.Locale(locale);
  const { firstDay: day = 1 } = found.getWeekInfo?.() ?? found.weekInfo ?? {};
  return day % 7;
}

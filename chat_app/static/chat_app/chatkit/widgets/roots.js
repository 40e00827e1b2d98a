/** What a widget's root may be, Card apart: Basic, ListView and its items. */

import { h, setAttr, setText } from '../../view/dom.js';
import { Busy, perform } from './busy.js';
import { Children } from './children.js';
import { rootDirection } from './layout.js';
import { StatusLine } from './status.js';
import { boxStyles, setStyles, setTheme } from './styles.js';
import { count, oneOf, space } from './values.js';

const AUTO = 5;
const ALIGN = { start: 'flex-start', center: 'center', end: 'flex-end', baseline: 'baseline', stretch: 'stretch' };

export class Basic {
  constructor(cx) {
    this.fields = h('fieldset', { class: 'w-box w-fields', role: 'presentation' });
    this.element = h('div', { class: 'w-basic' }, this.fields);
    this.children = new Children({ ...cx, container: new Busy(this.element, this.fields) }, this.fields);
  }

  update(spec) {
    const row = rootDirection(spec);
    const { gap, padding, align, justify } = spec;
    setTheme(this.element, spec.theme);
    this.fields.classList.toggle('w-across', row);
    setStyles(this.fields, boxStyles({ gap, padding, align, justify, wrap: row ? 'wrap' : undefined }, { row, gap: 3 }));
    this.children.update(spec.children);
  }

  destroy() {
    this.children.destroy();
  }
}

/** A list that shows `limit` items until it is asked for more. */
export class ListView {
  constructor(cx) {
    this.cx = cx;
    this.status = new StatusLine(cx);
    this.rows = h('ul', { class: 'w-rows', role: 'list' });
    this.words = h('span');
    this.button = h(
      'button',
      { type: 'button', class: 'w-more', on: { click: () => this.#toggle() } },
      this.words,
      cx.kit.icon('chevron-down'),
    );
    this.fields = h('fieldset', { class: 'w-fields', role: 'presentation' }, this.rows, this.button);
    this.element = h('section', { class: 'w-list' }, this.status.element, this.fields);
    this.children = new Children({ ...cx, container: new Busy(this.element, this.fields) }, this.rows);
    this.open = false;
  }

  update(spec) {
    setTheme(this.element, spec.theme);
    this.status.update(spec.status);
    const all = Array.isArray(spec.children) ? spec.children : [spec.children];
    this.children.update(
      all.map((child) => (child?.type === 'ListViewItem' ? child : { type: 'ListViewItem', children: [child] })),
    );
    this.#limit();
  }

  #limit() {
    const limit = this.spec.limit === 'auto' ? AUTO : (count(this.spec.limit, 1, 10_000) ?? Infinity);
    const rows = [...this.rows.children];
    const over = rows.length - limit;
    const cut = over > (this.spec.limit === 'auto' ? 1 : 0); // a button for one more row would take that row's place
    rows.forEach((row, at) => setAttr(row, 'hidden', cut && !this.open && at >= limit));
    this.button.hidden = !cut;
    if (!cut) return;
    setText(this.words, this.open ? this.cx.kit.t('widgets.less') : this.cx.kit.t('widgets.more', { count: over }));
    this.button.setAttribute('aria-expanded', String(this.open));
    this.first = rows[limit];
  }

  #toggle() {
    this.open = !this.open;
    const first = this.first;
    this.#limit();
    if (!this.open) return;
    const target = first.querySelector('button, a, input, select, textarea') ?? first;
    if (target === first) first.tabIndex = -1;
    target.focus();
  }

  destroy() {
    this.status.destroy();
    this.children.destroy();
  }
}

/** The whole row is one button where it has an action; controls inside it stay above that button, so they work for themselves. */
export class ListViewItem {
  static shape(spec) {
    return spec.onClickAction ? 'button' : '';
  }

  constructor(cx, spec) {
    const id = cx.id();
    this.content = h('div', { class: 'w-row-content w-across', id });
    this.element = h('li', { class: 'w-row-item' });
    if (ListViewItem.shape(spec)) {
      this.hit = h('button', {
        type: 'button',
        class: 'w-hit',
        'aria-labelledby': id,
        on: { click: (event) => this.#click(event) },
      });
      this.element.append(this.hit);
      this.element.classList.add('w-clickable');
    }
    this.element.append(this.content);
    this.cx = cx;
    this.children = new Children(cx, this.content);
  }

  update(spec) {
    setStyles(this.content, { gap: space(spec.gap), 'align-items': ALIGN[oneOf(spec.align, ALIGN)] });
    this.children.update(spec.children);
  }

  #click(event) {
    if (event.detail > 1) return;
    perform(this.cx, this.spec.onClickAction, { source: this.hit });
  }

  destroy() {
    this.children.destroy();
  }
}

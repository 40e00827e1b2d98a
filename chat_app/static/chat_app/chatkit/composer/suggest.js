/** The list that opens above the field while one goes on typing in it. What is in it, and what a choice does: assist.js. */

import { fill, h, setAttr, setText } from '../../view/dom.js';
import { float } from './float.js';

let count = 0;

export class Suggest {
  #kit;
  #field;
  #anchor;
  #rows = [];
  #active = -1;
  #choose;

  /** @param choose (row) => void @param anchor the element above which the list stands, as wide as that at most */
  constructor(kit, field, anchor, choose) {
    this.#kit = kit;
    this.#field = field;
    this.#anchor = anchor;
    this.#choose = choose;
    count += 1;
    this.prefix = `suggest-${count}`;
    this.list = h('div', { class: 'suggest-list', role: 'listbox', id: `${this.prefix}-list` });
    this.note = h('p', { class: 'suggest-note', hidden: true });
    this.element = h('div', {
      class: 'menu suggest',
      popover: 'manual',
      // The focus is the field's all along.
      on: { pointerdown: (event) => event.preventDefault(), mousedown: (event) => event.preventDefault() },
    }, this.list, this.note);
    kit.overlays.append(this.element);
  }

  get open() {
    return this.element.matches(':popover-open');
  }

  get active() {
    return this.#rows[this.#active];
  }

  /** Show these rows, `{label, detail, picture(), group, run}`, or a note where there are none. */
  show(name, rows, note = '') {
    this.#rows = rows;
    this.busy = false;
    setAttr(this.list, 'aria-label', name);
    fill(this.list, ...this.#grouped(rows));
    this.list.hidden = rows.length === 0;
    setText(this.note, note);
    this.note.hidden = !note;
    if (!this.open) {
      this.element.showPopover();
      addEventListener('resize', this.#settle);
      addEventListener('scroll', this.#settle, { capture: true, passive: true });
    }
    this.#settle();
    setAttr(this.#field, 'aria-controls', rows.length ? this.list.id : undefined);
    this.#point(rows.length ? Math.max(0, rows.findIndex(({ back }) => !back)) : -1);
  }

  set busy(busy) {
    setAttr(this.element, 'aria-busy', busy ? 'true' : undefined);
  }

  close() {
    if (!this.open) return;
    this.element.hidePopover();
    removeEventListener('resize', this.#settle);
    removeEventListener('scroll', this.#settle, { capture: true });
    this.#rows = [];
    this.#active = -1;
    for (const name of ['aria-controls', 'aria-activedescendant']) setAttr(this.#field, name, undefined);
  }

  /** Go on by `by` rows, round the end. */
  move(by) {
    const { length } = this.#rows;
    if (length) this.#point((this.#active + by + length) % length);
  }

  #settle = (event) => {
    if (event && this.element.contains(event.composedPath?.()[0])) return;
    float(this.element, this.#anchor.getBoundingClientRect(), { above: true, wide: true, rtl: this.#kit.dir === 'rtl' });
  };

  #point(index) {
    this.#active = index;
    for (const option of this.list.querySelectorAll('[role=option]')) {
      const chosen = option.id === `${this.prefix}-${index}`;
      setAttr(option, 'aria-selected', String(chosen));
      if (chosen) option.scrollIntoView({ block: 'nearest' });
    }
    setAttr(this.#field, 'aria-activedescendant', index < 0 ? undefined : `${this.prefix}-${index}`);
  }

  /** Rows with the same group stand together, in the order in which their groups first came. */
  #grouped(rows) {
    const groups = Map.groupBy(rows, ({ group }) => group ?? '');
    this.#rows = [...groups.values()].flat();
    let index = 0;
    return [...groups].flatMap(([name, members]) => {
      const options = members.map((row) => this.#option(row, index++));
      if (!name) return options;
      const title = h('div', { class: 'suggest-group', role: 'presentation', dir: 'auto' }, name);
      return [h('div', { role: 'group', 'aria-label': name }, title, ...options)];
    });
  }

  #option(row, index) {
    return h('div', {
        class: 'menu-row',
        role: 'option',
        id: `${this.prefix}-${index}`,
        'aria-selected': 'false',
        on: { click: () => this.#choose(row), pointermove: () => this.#active !== index && this.#point(index) },
      },
      row.picture?.(),
      h('span', { class: 'menu-words' },
        h('span', { class: 'menu-label', dir: 'auto' }, row.label),
        row.detail && h('span', { class: 'menu-detail', dir: 'auto' }, row.detail)),
      row.menu && this.#kit.icon('chevron-forward', { class: 'menu-more' }));
  }

  destroy() {
    this.close();
    this.element.remove();
  }
}

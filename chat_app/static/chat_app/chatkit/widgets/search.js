/** A Select that is searched: a field to type in, and the options that match below it. The keys are those of a combobox. */

import { fill, h, setAttr, setText } from '../../view/dom.js';
import { float } from '../composer/float.js';
import { autofill } from './field.js';
import { Choice, labelOf } from './picker.js';
import { text } from './values.js';

export class SearchSelect extends Choice {
  constructor(cx) {
    const control = h('input', {
      type: 'text',
      class: 'w-native',
      role: 'combobox',
      dir: 'auto',
      spellcheck: 'false',
      'aria-autocomplete': 'list',
      'aria-haspopup': 'listbox',
      'aria-expanded': 'false',
    });
    super(cx, control);
    autofill(control, { allow: false });
    this.value = '';
    this.query = '';
    this.rows = h('ul', { role: 'listbox', class: 'w-options', id: `${this.id}-l` });
    this.none = h('p', { class: 'w-none', hidden: true }, cx.kit.t('composer.noMatches'));
    this.box = h('div', { class: 'w-drop', popover: 'manual' }, this.rows, this.none);
    this.box.addEventListener('mousedown', (event) => event.preventDefault()); // the focus stays in the field
    this.element.append(this.box);
    control.setAttribute('aria-controls', this.rows.id);
    control.addEventListener('click', () => this.#open());
    control.addEventListener('input', () => this.#typed());
    control.addEventListener('keydown', (event) => event.isComposing || this.#key(event));
    control.addEventListener('blur', () => this.#close());
  }

  /** What is typed is a question, not the value: the field tells of changes itself. */
  wire(control) {
    this.control = control;
    control.id = this.id;
  }

  update(spec) {
    const value = this.base(spec) ? text(spec.defaultValue) : this.value;
    const other = this.take(spec);
    this.value = this.option(value) ? value : '';
    this.control.placeholder = this.prompt;
    this.frameOf(spec);
    setAttr(this.rows, 'aria-label', this.ownName());
    if (!this.opened) this.#rest();
    else if (other) this.#list();
    this.shows();
  }

  read() {
    return this.value;
  }

  enter(value) {
    this.value = value;
    this.touched = true;
    this.#close();
    this.shows();
    if (this.shown) this.check();
    this.changed();
  }

  get opened() {
    return this.box.matches(':popover-open');
  }

  #rest() {
    this.query = '';
    this.control.value = labelOf(this.option(this.value));
  }

  #open() {
    if (this.opened || this.control.disabled) return;
    this.control.select();
    this.box.showPopover();
    setAttr(this.control, 'aria-expanded', 'true');
    document.addEventListener('scroll', this.#place, { capture: true, passive: true });
    this.#list();
  }

  #close() {
    if (this.opened) this.box.hidePopover();
    setAttr(this.control, 'aria-expanded', 'false');
    setAttr(this.control, 'aria-activedescendant', undefined);
    document.removeEventListener('scroll', this.#place, { capture: true });
    this.#rest();
  }

  #place = () => float(this.box, this.frame.getBoundingClientRect(), { wide: true, rtl: this.cx.kit.dir === 'rtl' });

  #typed() {
    const { value } = this.control;
    this.#open();
    this.control.value = value; // opening selects what stands there, which is what has just been typed over
    this.query = value;
    this.#list();
    const { t, announce } = this.cx.kit;
    const count = this.found.length;
    announce.call(this.cx.kit, count ? t('composer.matches', { count }) : t('composer.noMatches'));
  }

  #list() {
    const query = folded(this.query);
    const fits = (option) => [labelOf(option), text(option.description)].some((words) => folded(words).includes(query));
    this.found = this.options.filter(fits);
    fill(this.rows, ...this.found.map((option, at) => this.#row(option, at)));
    this.rows.hidden = this.found.length === 0;
    this.none.hidden = this.found.length > 0;
    const chosen = this.query ? -1 : this.found.findIndex((option) => text(option.value) === this.value);
    this.#go(chosen >= 0 ? chosen : this.#next(-1, 1));
    this.#place();
  }

  #row(option, at) {
    const detail = text(option.description);
    return h(
      'li',
      {
        role: 'option',
        class: 'w-option',
        id: `${this.id}-o${at}`,
        'aria-selected': String(text(option.value) === this.value),
        'aria-disabled': option.disabled === true ? 'true' : undefined,
        on: { click: () => this.#pick(option) },
      },
      h('span', { dir: 'auto' }, labelOf(option)),
      detail && h('span', { class: 'w-option-detail', dir: 'auto' }, detail),
    );
  }

  /** The next option that can be chosen, round the end; -1 where there is none. */
  #next(from, by) {
    const count = this.found.length;
    for (let step = 1; step <= count; step += 1) {
      const at = (from + by * step + 2 * count) % count;
      if (this.found[at].disabled !== true) return at;
    }
    return -1;
  }

  #go(at) {
    this.at = at;
    const rows = [...this.rows.children];
    for (const row of rows) row.classList.toggle('w-active', row === rows[at]);
    setAttr(this.control, 'aria-activedescendant', rows[at]?.id);
    const { box } = this;
    const row = rows[at];
    if (!row) return;
    if (row.offsetTop < box.scrollTop) box.scrollTop = row.offsetTop;
    else if (row.offsetTop + row.offsetHeight > box.scrollTop + box.clientHeight) {
      box.scrollTop = row.offsetTop + row.offsetHeight - box.clientHeight;
    }
  }

  #pick(option) {
    if (option && option.disabled !== true) this.enter(text(option.value));
  }

  #key(event) {
    const { key, altKey } = event;
    const by = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (by && !this.opened) this.#open();
    else if (by && altKey) this.#close();
    else if (by) this.#go(this.#next(this.at < 0 && by < 0 ? 0 : this.at, by));
    else if (key === 'Enter' && this.opened) this.#pick(this.found[this.at]);
    else if (key === 'Escape' && this.opened) this.#close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  destroy() {
    document.removeEventListener('scroll', this.#place, { capture: true });
    super.destroy();
  }
}

/** Without case and accents. */
function folded(words) {
  return words.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLocaleLowerCase().trim();
}

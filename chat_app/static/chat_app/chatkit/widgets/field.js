/** What all fields share: a name in a scope, a label, a value that a person may have changed, and words for what is wrong. */

import { h, setAttr } from '../../view/dom.js';
import { perform } from './busy.js';
import { text } from './values.js';

export class Field {
  /**
   * @param {import('./children.js').Context} cx
   * @param {string} tag of the element around the control
   * @param {string} [name] class of that element
   */
  constructor(cx, name, tag = 'div') {
    this.cx = cx;
    this.id = cx.id();
    this.element = h(tag, { class: `w-field ${name}` });
    this.message = h('p', { class: 'w-message', id: `${this.id}-m`, hidden: true, role: 'alert' });
    this.touched = false;
    cx.scope.fields.add(this);
  }

  /** To be called once `control`, the element that takes input, is there. */
  wire(control) {
    this.control = control;
    control.id = this.id;
    control.addEventListener('input', () => {
      this.touched = true;
      if (this.shown) this.check();
    });
    control.addEventListener('change', () => this.changed());
  }

  /** Take over what every field may have. A default that changes is taken unless a person has changed the value. */
  base(spec) {
    this.name = text(spec.name);
    this.waiting = spec.onChangeAction;
    const fresh = this.default !== spec.defaultValue;
    this.default = spec.defaultValue;
    return fresh && !this.touched;
  }

  changed() {
    this.touched = true;
    if (!this.waiting) return;
    perform(this.cx, this.waiting, { source: this.control, values: { [this.name]: this.read() } });
  }

  /** @param {HTMLElement|undefined} label that names this field; without one it names itself */
  labelled(label) {
    this.label = label;
    setAttr(this.control, 'aria-label', label ? undefined : this.ownName());
  }

  ownName() {
    return this.control.placeholder || this.name.replaceAll(/[._-]+/g, ' ') || undefined;
  }

  read() {
    return this.control.value;
  }

  /** @returns {boolean} whether the value may be sent; if not, it says so beside the field */
  check() {
    const words = this.control.disabled ? '' : this.wrong();
    this.shown = Boolean(words);
    this.message.textContent = words;
    this.message.hidden = !words;
    setAttr(this.control, 'aria-invalid', words ? 'true' : undefined);
    setAttr(this.control, 'aria-describedby', words ? this.message.id : undefined);
    return !words;
  }

  /** Words for what is wrong, or ''. */
  wrong() {
    const { validity, type } = this.control;
    const { t } = this.cx.kit;
    if (validity.valid) return '';
    if (validity.valueMissing) return t('widgets.needed');
    if (validity.badInput && type === 'number') return t('widgets.badNumber');
    if (validity.typeMismatch && type === 'email') return t('widgets.badEmail');
    if (validity.typeMismatch && type === 'url') return t('widgets.badUrl');
    if (validity.rangeUnderflow || validity.rangeOverflow || type === 'date') return t('widgets.badDate');
    return t('widgets.badFormat');
  }

  focus() {
    this.control.focus();
  }

  destroy() {
    this.cx.scope.fields.delete(this);
  }
}

/** Hints for what fills in fields by itself; extensions are kept off unless they are asked for. */
export function autofill(control, { allow, complete }) {
  setAttr(control, 'autocomplete', text(complete) || (allow === true ? undefined : 'off'));
  for (const name of ['data-1p-ignore', 'data-lpignore', 'data-bwignore']) setAttr(control, name, allow !== true && 'true');
}

/** Focus on arrival, but never away from where a person is already at work in the chat. */
export function arrive(control, { focus, select }) {
  if (select) control.addEventListener('focus', () => control.select());
  if (!focus) return;
  requestAnimationFrame(() => {
    const root = control.getRootNode();
    if (control.isConnected && (!root.activeElement || root.activeElement === document.body))
      control.focus({ preventScroll: true });
  });
}

/** A pattern is a whole match or nothing; one that is no pattern at all asks for nothing. */
export function setPattern(control, pattern) {
  setAttr(control, 'pattern', patternOf(pattern)?.source);
}

export function patternOf(pattern) {
  if (typeof pattern !== 'string' || !pattern || pattern.length > 500) return undefined;
  try {
    new RegExp(`^(?:${pattern})$`, 'v');
    return { source: pattern };
  } catch {
    return undefined; // not a pattern: nothing can be checked by it
  }
}

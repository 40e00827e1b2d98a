/** DatePicker: the browser's own field for a date, which one types into, and a calendar beside it. */

import { h, iconButton, setAttr, setText } from '../../view/dom.js';
import { beside } from './beside.js';
import { Calendar } from './calendar.js';
import { Picker } from './picker.js';
import { oneOf, text } from './values.js';

const finger = matchMedia('(pointer: coarse) and (hover: none)'); // there the system's own calendar is the better one

/** Dates go out as the day that was chosen, `2026-11-29`: a time and its zone were not asked for. */
export class DatePicker extends Picker {
  constructor(cx) {
    const button = iconButton(cx.kit.t('widgets.calendar'), cx.kit.icon('calendar'), () => this.#toggle(), {
      class: 'w-picker-icon w-picker-open',
      'aria-haspopup': 'dialog',
      'aria-expanded': 'false',
    });
    super(cx, h('input', { type: 'date', class: 'w-native' }), button);
    this.button = button;
    this.hint = h('span', { class: 'w-hint', 'aria-hidden': 'true' });
    this.frame.prepend(this.hint);
    this.control.addEventListener('click', (event) => this.#clicked(event));
    this.control.addEventListener('keydown', (event) => this.#key(event));
    button.addEventListener('mousedown', (event) => event.preventDefault()); // the focus is the calendar's
    this.element.addEventListener('focusout', ({ relatedTarget }) => this.#left(relatedTarget));
  }

  update(spec) {
    if (this.base(spec)) this.control.value = day(spec.defaultValue);
    setAttr(this.control, 'min', day(spec.min) || undefined);
    setAttr(this.control, 'max', day(spec.max) || undefined);
    setText(this.hint, text(spec.placeholder));
    this.frame.classList.toggle('w-hinted', Boolean(this.hint.textContent));
    this.frameOf(spec);
    this.button.disabled = this.control.disabled;
    this.shows();
  }

  get opened() {
    return Boolean(this.box?.matches(':popover-open'));
  }

  /** Nobody is here any more, unless a day that had the focus was drawn anew. */
  #left(relatedTarget) {
    const { element } = this;
    if (!this.opened || element.contains(relatedTarget)) return;
    queueMicrotask(() => element.contains(element.getRootNode().activeElement) || this.#close());
  }

  #clicked(event) {
    if (finger.matches) return;
    event.preventDefault(); // browsers that would open a calendar of their own
    this.#open();
  }

  /** What opens the browser's own calendar opens this one. */
  #key(event) {
    const opens = event.key === 'F4' || event.key === ' ' || (event.key === 'ArrowDown' && event.altKey);
    if (!opens) return;
    event.preventDefault();
    this.#open();
    this.calendar.focus();
  }

  #toggle() {
    if (this.opened) this.#close();
    else {
      this.#open();
      this.calendar.focus();
    }
  }

  #open() {
    if (this.opened || this.control.disabled) return;
    if (!this.box) this.#make();
    setAttr(this.box, 'aria-label', this.label?.textContent || this.ownName());
    this.calendar.show({ value: this.control.value, min: this.control.min, max: this.control.max });
    this.box.showPopover();
    setAttr(this.button, 'aria-expanded', 'true');
    document.addEventListener('scroll', this.#place, { capture: true, passive: true });
    this.#place();
  }

  #make() {
    this.calendar = new Calendar(this.cx.kit, (chosen) => {
      this.#leave();
      this.enter(chosen);
    });
    this.box = h('div', { class: 'w-drop', popover: 'manual', role: 'dialog' }, this.calendar.element);
    this.box.addEventListener('mousedown', (event) => event.preventDefault()); // not every browser gives a button the focus
    this.box.addEventListener('keydown', (event) => this.#escape(event));
    this.control.addEventListener('keydown', (event) => this.#escape(event));
    this.element.append(this.box);
  }

  #place = () => {
    const side = oneOf(this.spec.side, ['top', 'bottom', 'left', 'right'], 'bottom');
    const align = oneOf(this.spec.align, ['start', 'center', 'end'], 'start');
    beside(this.box, this.frame.getBoundingClientRect(), { side, align, rtl: this.cx.kit.dir === 'rtl' });
  };

  #escape(event) {
    if (event.key !== 'Escape' || !this.opened) return;
    event.preventDefault();
    event.stopPropagation();
    this.#leave();
  }

  #leave() {
    this.control.focus();
    this.#close();
  }

  #close() {
    if (!this.opened) return;
    this.box.hidePopover();
    setAttr(this.button, 'aria-expanded', 'false');
    document.removeEventListener('scroll', this.#place, { capture: true });
  }

  destroy() {
    document.removeEventListener('scroll', this.#place, { capture: true });
    super.destroy();
  }
}

function day(value) {
  const found = /^\d{4}-\d\d-\d\d/.exec(text(value));
  return found ? found[0] : '';
}

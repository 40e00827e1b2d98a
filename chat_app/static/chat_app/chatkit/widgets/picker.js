/** What Select and DatePicker have in common: a control in a frame, with an icon at its end and a button that empties it. */

import { h, setAttr, setText } from '../../view/dom.js';
import { CONTROL_SIZES, VARIANTS } from './button.js';
import { Field } from './field.js';
import { setVariant } from './styles.js';
import { object, oneOf, text } from './values.js';

export class Picker extends Field {
  /** @param {HTMLElement} control takes the input @param {Element} end what stands at the end of the frame */
  constructor(cx, control, end) {
    super(cx, 'w-picker');
    this.wire(control);
    this.clear = h(
      'button',
      { type: 'button', class: 'w-clear', hidden: true, on: { click: () => this.empty() } },
      cx.kit.icon('close'),
    );
    this.frame = h('div', { class: 'w-control w-picker-frame' }, control, this.clear, end);
    this.element.append(this.frame, this.message);
    control.addEventListener('input', () => this.shows());
  }

  frameOf(spec) {
    const { frame, control, element } = this;
    setVariant(frame, 'w-v-', oneOf(spec.variant, VARIANTS, 'outline'));
    setVariant(frame, 'w-s-', oneOf(spec.size, CONTROL_SIZES, 'lg'));
    frame.classList.toggle('w-pill', spec.pill === true);
    frame.classList.toggle('w-square', spec.pill === false);
    element.classList.toggle('w-block', spec.block === true);
    control.disabled = spec.disabled === true;
    control.name = this.name;
  }

  /** Bring the frame in step with the value. */
  shows() {
    const empty = this.read() === '';
    this.frame.classList.toggle('w-empty', empty);
    this.clear.hidden = empty || this.spec.clearable !== true || this.spec.disabled === true;
  }

  labelled(label) {
    super.labelled(label);
    setAttr(
      this.clear,
      'aria-label',
      `${this.cx.kit.t('widgets.clear')}: ${label ? label.textContent : (this.ownName() ?? '')}`,
    );
  }

  ownName() {
    return text(this.spec.placeholder) || super.ownName();
  }

  empty() {
    this.control.focus();
    this.enter('');
  }

  /** Take a value as if it had been typed. */
  enter(value) {
    this.control.value = value;
    this.control.dispatchEvent(new Event('input', { bubbles: true }));
    this.control.dispatchEvent(new Event('change', { bubbles: true }));
  }
}

/** One of several options, with what is said of the chosen one below it. */
export class Choice extends Picker {
  constructor(cx, control) {
    super(cx, control, h('span', { class: 'w-picker-icon' }, cx.kit.icon('chevrons-up-down')));
    this.detail = h('p', { class: 'w-detail', hidden: true, dir: 'auto' });
    this.element.insertBefore(this.detail, this.message);
  }

  /** Take the options over. @returns {boolean} whether they, or the words in place of a choice, are others than before */
  take(spec) {
    this.options = optionsOf(spec);
    this.prompt = text(spec.placeholder) || this.cx.kit.t('widgets.choose');
    const face = JSON.stringify([this.options, this.prompt]);
    const other = face !== this.face;
    this.face = face;
    return other;
  }

  /** @returns {object|undefined} the option with this value */
  option(value) {
    return this.options?.find((option) => text(option.value) === value);
  }

  shows() {
    super.shows();
    setText(this.detail, text(this.option(this.read())?.description));
    this.detail.hidden = !this.detail.textContent;
  }
}

export function optionsOf(spec) {
  return (Array.isArray(spec.options) ? spec.options : []).map(object).filter((option) => 'value' in option);
}

export function labelOf(option) {
  return text(option?.label) || text(option?.value);
}

/** Fields that choose: Select, DatePicker, Checkbox, RadioGroup; and Label, which names a field of any kind. */

import { fill, h, setAttr, setText } from '../../view/dom.js';
import { CONTROL_SIZES, VARIANTS } from './button.js';
import { Field } from './field.js';
import { setStyles, setVariant, textStyles } from './styles.js';
import { object, oneOf, text } from './values.js';

/** A native control in a frame with an icon at its end, and a button that empties it. */
class Picker extends Field {
  constructor(cx, control, icon) {
    super(cx, 'w-picker');
    this.wire(control);
    this.clear = h(
      'button',
      { type: 'button', class: 'w-clear', hidden: true, on: { click: () => this.#empty() } },
      cx.kit.icon('close'),
    );
    this.frame = h(
      'div',
      { class: 'w-control w-picker-frame' },
      control,
      this.clear,
      h('span', { class: 'w-picker-icon' }, cx.kit.icon(icon)),
    );
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
    const empty = this.control.value === '';
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

  #empty() {
    this.control.value = '';
    this.control.focus();
    this.control.dispatchEvent(new Event('input', { bubbles: true }));
    this.control.dispatchEvent(new Event('change', { bubbles: true }));
  }
}

export class Select extends Picker {
  constructor(cx) {
    super(cx, h('select', { class: 'w-native', dir: 'auto' }), 'chevrons-up-down');
    this.detail = h('p', { class: 'w-detail', hidden: true, dir: 'auto' });
    this.element.insertBefore(this.detail, this.message);
  }

  update(spec) {
    const fresh = this.base(spec);
    const options = (Array.isArray(spec.options) ? spec.options : []).map(object).filter((option) => 'value' in option);
    const face = JSON.stringify([options, spec.placeholder]);
    const value = fresh ? text(spec.defaultValue) : this.control.value;
    if (face !== this.face) this.#fill(options, text(spec.placeholder) || this.cx.kit.t('widgets.choose'));
    this.face = face;
    this.options = options;
    this.control.value = options.some((option) => text(option.value) === value) ? value : '';
    this.frameOf(spec);
    this.shows();
  }

  #fill(options, placeholder) {
    fill(
      this.control,
      h('option', { value: '', disabled: true, hidden: true }, placeholder),
      ...options.map((option) =>
        h(
          'option',
          { value: text(option.value), disabled: option.disabled === true, title: text(option.description) || undefined },
          text(option.label) || text(option.value),
        ),
      ),
    );
  }

  shows() {
    super.shows();
    const chosen = this.options?.find((option) => text(option.value) === this.control.value);
    setText(this.detail, text(chosen?.description));
    this.detail.hidden = !this.detail.textContent;
  }

  ownName() {
    return text(this.spec.placeholder) || super.ownName();
  }
}

/** Dates go out as the day that was chosen, `2026-11-29`: a time and its zone were not asked for. */
export class DatePicker extends Picker {
  constructor(cx) {
    super(cx, h('input', { type: 'date', class: 'w-native' }), 'calendar');
    this.hint = h('span', { class: 'w-hint', 'aria-hidden': 'true' });
    this.frame.prepend(this.hint);
    this.control.addEventListener('click', () => this.#open());
  }

  update(spec) {
    if (this.base(spec)) this.control.value = day(spec.defaultValue);
    setAttr(this.control, 'min', day(spec.min) || undefined);
    setAttr(this.control, 'max', day(spec.max) || undefined);
    setText(this.hint, text(spec.placeholder));
    this.frame.classList.toggle('w-hinted', Boolean(this.hint.textContent));
    this.frameOf(spec);
    this.shows();
  }

  ownName() {
    return text(this.spec.placeholder) || super.ownName();
  }

  #open() {
    try {
      this.control.showPicker?.();
    } catch {
      // not allowed here, as in a frame of another origin: the field is typed into
    }
  }
}

function day(value) {
  const found = /^\d{4}-\d\d-\d\d/.exec(text(value));
  return found ? found[0] : '';
}

export class Checkbox extends Field {
  constructor(cx) {
    super(cx, 'w-check-field');
    this.wire(h('input', { type: 'checkbox', class: 'w-tick' }));
    this.words = h('span', { class: 'w-tick-words', dir: 'auto' });
    this.element.append(h('label', { class: 'w-tick-row' }, this.control, this.words), this.message);
  }

  update(spec) {
    if (this.base({ ...spec, defaultValue: spec.defaultChecked })) this.control.checked = spec.defaultChecked === true;
    setText(this.words, text(spec.label));
    this.words.hidden = !this.words.textContent;
    this.control.name = this.name;
    this.control.disabled = spec.disabled === true;
    this.control.required = spec.required === true;
  }

  labelled(label) {
    if (text(this.spec.label)) this.control.removeAttribute('aria-label');
    else super.labelled(label);
  }

  read() {
    return this.control.checked;
  }

  wrong() {
    return this.control.required && !this.control.checked ? this.cx.kit.t('widgets.neededTick') : '';
  }
}

export class RadioGroup extends Field {
  constructor(cx) {
    super(cx, 'w-radio-field');
    this.wire(h('div', { class: 'w-radios', role: 'radiogroup' }));
    this.element.append(this.control, this.message);
  }

  update(spec) {
    const fresh = this.base(spec);
    const value = fresh ? text(spec.defaultValue) : this.read();
    const options = (Array.isArray(spec.options) ? spec.options : []).map(object);
    const face = JSON.stringify([options, spec.disabled]);
    if (face !== this.face) fill(this.control, ...options.map((option) => this.#row(option, spec.disabled === true)));
    this.face = face;
    for (const radio of this.#radios()) radio.checked = value !== '' && radio.value === value;
    this.control.classList.toggle('w-across', spec.direction === 'row');
    setAttr(this.control, 'aria-required', spec.required === true ? 'true' : undefined);
    setAttr(this.control, 'aria-disabled', spec.disabled === true ? 'true' : undefined);
  }

  #row(option, disabled) {
    const radio = h('input', {
      type: 'radio',
      class: 'w-tick w-round',
      name: `${this.id}-r`,
      value: text(option.value),
      disabled: disabled || option.disabled === true,
    });
    return h(
      'label',
      { class: 'w-tick-row' },
      radio,
      h('span', { class: 'w-tick-words', dir: 'auto' }, text(option.label) || text(option.value)),
    );
  }

  #radios() {
    return [...this.control.querySelectorAll('input')];
  }

  labelled(label) {
    const own = text(this.spec.ariaLabel);
    setAttr(this.control, 'aria-label', own || (label ? undefined : this.ownName()));
    setAttr(this.control, 'aria-labelledby', !own && label ? label.id : undefined);
  }

  read() {
    return this.#radios().find((radio) => radio.checked)?.value ?? '';
  }

  wrong() {
    return this.spec.required === true && this.spec.disabled !== true && !this.read()
      ? this.cx.kit.t('widgets.neededChoice')
      : '';
  }

  focus() {
    this.#radios()
      .find((radio) => !radio.disabled)
      ?.focus();
  }
}

export class Label {
  constructor(cx) {
    this.scope = cx.scope;
    this.element = h('label', { class: 'w-label w-words', id: cx.id(), dir: 'auto' });
    this.scope.labels.add(this);
  }

  update(spec) {
    this.fieldName = text(spec.fieldName);
    setText(this.element, text(spec.value));
    setVariant(this.element, 'w-t-', oneOf(spec.size, ['xs', 'sm', 'md', 'lg', 'xl'], 'sm'));
    setStyles(this.element, textStyles(spec));
  }

  /** @param {Field|undefined} field which is named; a group of radio buttons names itself by this label instead */
  names(field) {
    setAttr(this.element, 'for', field && !(field instanceof RadioGroup) ? field.id : undefined);
  }

  destroy() {
    this.scope.labels.delete(this);
  }
}

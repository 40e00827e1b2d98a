/** Fields of which one ticks something: Checkbox, RadioGroup; and Label, which names a field of any kind. */

import { fill, h, setAttr, setText } from '../../view/dom.js';
import { Field } from './field.js';
import { setStyles, setVariant, textStyles } from './styles.js';
import { object, oneOf, text } from './values.js';

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

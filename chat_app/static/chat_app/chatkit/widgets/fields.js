/** Fields of free text: Input and Textarea. */

import { h, setAttr } from '../../view/dom.js';
import { CONTROL_SIZES } from './button.js';
import { Field, arrive, autofill, patternOf, setPattern } from './field.js';
import { setVariant } from './styles.js';
import { count, oneOf, text } from './values.js';

const TYPES = ['number', 'email', 'text', 'password', 'tel', 'url'];
const GUTTERS = ['2xs', 'xs', 'sm', 'md', 'lg', 'xl'];

/** What Input and Textarea have in common. */
class TextField extends Field {
  constructor(cx, spec, control) {
    super(cx, 'w-text-field');
    this.wire(control);
    this.element.append(control, this.message);
    arrive(control, { focus: spec.autoFocus === true, select: spec.autoSelect === true });
  }

  update(spec) {
    const { control } = this;
    if (this.base(spec)) control.value = text(spec.defaultValue);
    setVariant(control, 'w-v-', oneOf(spec.variant, ['soft', 'outline'], 'outline'));
    setVariant(control, 'w-s-', oneOf(spec.size, CONTROL_SIZES, 'lg'));
    setVariant(control, 'w-g-', oneOf(spec.gutterSize, GUTTERS));
    control.classList.toggle('w-pill', spec.pill === true);
    control.classList.toggle('w-square', spec.pill === false);
    control.placeholder = text(spec.placeholder);
    control.required = spec.required === true;
    control.disabled = spec.disabled === true;
    autofill(control, { allow: spec.allowAutofillExtensions });
  }
}

export class Input extends TextField {
  constructor(cx, spec) {
    super(cx, spec, h('input', { class: 'w-control w-input', dir: 'auto' }));
  }

  update(spec) {
    const type = oneOf(spec.inputType, TYPES, 'text');
    if (this.control.type !== type) this.control.type = type;
    if (type === 'number') this.control.step = 'any';
    this.control.dir = type === 'text' ? 'auto' : 'ltr';
    super.update(spec);
    this.control.name = this.name;
    setPattern(this.control, spec.pattern);
  }
}

export class Textarea extends TextField {
  constructor(cx, spec) {
    super(cx, spec, h('textarea', { class: 'w-control w-textarea', dir: 'auto' }));
    this.control.addEventListener('input', () => this.#fit());
  }

  update(spec) {
    super.update(spec);
    this.control.name = this.name;
    this.pattern = patternOf(spec.pattern);
    this.control.rows = count(spec.rows, 1, 40) ?? 3;
    setAttr(this.control, 'data-auto', spec.autoResize === true);
    requestAnimationFrame(() => this.#fit());
  }

  /** As high as its text, within `rows` and `maxRows`. */
  #fit() {
    const { control, spec } = this;
    if (spec?.autoResize !== true || !control.isConnected) return;
    control.style.setProperty('height', 'auto');
    const edges = control.offsetHeight - control.clientHeight;
    const line = parseFloat(getComputedStyle(control).lineHeight) || 24;
    const padding = control.clientHeight - control.rows * line;
    const most = count(spec.maxRows, 1, 200) ?? 12;
    control.style.setProperty('height', `${Math.min(control.scrollHeight, most * line + padding) + edges}px`);
  }

  wrong() {
    const usual = super.wrong();
    if (usual || !this.pattern || !this.control.value) return usual;
    return new RegExp(`^(?:${this.pattern.source})$`, 'v').test(this.control.value)
      ? ''
      : this.cx.kit.t('widgets.badFormat');
  }
}

/** Text that a person may change in its place: it looks like the text that it is until it is pointed at or focused. */

import { h } from '../../view/dom.js';
import { Field, arrive, autofill, patternOf } from './field.js';
import { setStyles, textStyles } from './styles.js';
import { object, text } from './values.js';

export class EditableText extends Field {
  constructor(cx, spec) {
    super(cx, 'w-editable w-text');
    const given = object(spec.editable);
    this.wire(h('textarea', { class: 'w-edit', rows: '1', dir: 'auto' }));
    this.control.addEventListener('keydown', (event) => this.#key(event));
    this.element.append(this.control, this.message);
    arrive(this.control, { focus: given.autoFocus === true, select: given.autoSelect === true });
  }

  update(spec) {
    const given = object(spec.editable);
    const { control } = this;
    if (this.base({ name: given.name, defaultValue: spec.value })) control.value = text(spec.value);
    setStyles(this.element, textStyles(spec));
    control.name = this.name;
    control.placeholder = text(given.placeholder);
    control.required = given.required === true;
    this.pattern = patternOf(given.pattern);
    autofill(control, { allow: given.allowAutofillExtensions, complete: given.autoComplete });
  }

  /** One line of text stays one paragraph: Enter sends the form, as in any field of a line. */
  #key(event) {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    const button = this.control.form?.querySelector('button[type=submit]:not(:disabled)');
    if (button) button.click();
    else this.control.blur();
  }

  wrong() {
    const usual = super.wrong();
    if (usual || !this.pattern || !this.control.value) return usual;
    return new RegExp(`^(?:${this.pattern.source})$`, 'v').test(this.control.value)
      ? ''
      : this.cx.kit.t('widgets.badFormat');
  }
}

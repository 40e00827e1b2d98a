/** One question with its means of answering. It knows what was chosen, not what becomes of it. */

import { h } from '../../view/dom.js';
import { object, text } from '../widgets/values.js';

let made = 0;

export class Question {
  /** @param {object} input a `multiple_choice` or a `freeform` of ChatKit's structured inputs; any other kind is free text */
  constructor(kit, input) {
    this.kit = kit;
    this.id = text(input.id);
    this.name = `question-${(made += 1)}`;
    this.title = h('p', { class: 'question-title', id: this.name, dir: 'auto' }, text(input.question));
    this.element = h('div', { class: 'question' }, this.title);
    if (input.type === 'multiple_choice') this.#choices(input);
    else this.#free(input);
  }

  #free(input) {
    const words = text(input.description);
    const detail = words && h('p', { class: 'question-detail', id: `${this.name}-d`, dir: 'auto' }, words);
    this.box = h('textarea', {
      class: 'input question-text',
      rows: '2',
      dir: 'auto',
      placeholder: this.kit.t('questions.hint'),
      'aria-labelledby': this.name,
      'aria-describedby': detail ? detail.id : undefined,
    });
    if (detail) this.element.append(detail);
    this.element.append(this.box);
  }

  #choices(input) {
    const several = input.multiple === true;
    const values = [
      ...new Set(
        (Array.isArray(input.options) ? input.options : []).map((option) => text(object(option).value)).filter(Boolean),
      ),
    ];
    this.ticks = values.map((value) => this.#tick(value, several));
    this.own = this.#tick('', several);
    this.ownText = h('input', {
      type: 'text',
      class: 'input question-own',
      dir: 'auto',
      placeholder: this.kit.t('questions.otherHint'),
      'aria-label': this.kit.t('questions.otherHint'),
    });
    this.ownText.addEventListener('input', () => {
      if (this.ownText.value) this.own.checked = true;
      else if (several) this.own.checked = false;
    });
    this.own.addEventListener('change', () => this.own.checked && this.ownText.focus());
    const rows = this.ticks.map((tick, at) =>
      h('label', { class: 'choice' }, tick, h('span', { dir: 'auto' }, values[at])),
    );
    this.own.setAttribute('aria-label', this.kit.t('questions.other'));
    this.element.append(
      ...(several ? [h('p', { class: 'question-detail' }, this.kit.t('questions.many'))] : []),
      h(
        'div',
        { class: 'choices', role: several ? 'group' : 'radiogroup', 'aria-labelledby': this.name },
        ...rows,
        h('div', { class: 'choice choice-own' }, this.own, this.ownText),
      ),
    );
  }

  #tick(value, several) {
    return h('input', {
      type: several ? 'checkbox' : 'radio',
      class: several ? 'choice-tick' : 'choice-tick round',
      name: this.name,
      value,
    });
  }

  /** @returns {string[]} */
  values() {
    if (this.box) return this.box.value.trim() ? [this.box.value.trim()] : [];
    const own = this.own.checked ? this.ownText.value.trim() : '';
    return [...this.ticks.filter((tick) => tick.checked).map((tick) => tick.value), ...(own ? [own] : [])];
  }

  focus() {
    (this.box ?? this.ticks[0] ?? this.own).focus();
  }
}

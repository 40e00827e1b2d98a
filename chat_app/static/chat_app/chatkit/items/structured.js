/** Questions that the assistant asks: choices and free text, to be answered or skipped, and what was answered. */

import { fill, h, setAttr, setText } from '../../view/dom.js';
import { object, oneOf, text } from '../widgets/values.js';
import { Question } from './question.js';

export class StructuredView {
  constructor(kit, item) {
    this.kit = kit;
    this.form = h('form', { class: 'questions-form', novalidate: true, autocomplete: 'off' });
    this.body = h('fieldset', { class: 'questions-fields' }, h('legend', { class: 'hidden' }, kit.t('questions.title')));
    this.trouble = h('p', { class: 'questions-trouble', role: 'alert', hidden: true });
    this.submit = h('button', { type: 'submit', class: 'button solid questions-submit' }, kit.t('questions.submit'));
    this.skip = h(
      'button',
      { type: 'button', class: 'button quiet questions-skip', on: { click: () => this.#send(true) } },
      kit.t('questions.skip'),
    );
    this.foot = h('div', { class: 'questions-foot' }, this.trouble, this.skip, this.submit);
    this.asked = h('div', { class: 'questions-list' });
    this.body.append(this.asked, this.foot);
    this.form.append(this.body);
    this.answers = h('dl', { class: 'questions-answers' });
    this.element = h('section', { class: 'questions', 'aria-label': kit.t('questions.title') });
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#send(false);
    });
    this.form.addEventListener('input', () => this.#say(''));
    this.update(item);
  }

  update(item) {
    this.item = item;
    const inputs = (Array.isArray(item.inputs) ? item.inputs : []).map(object);
    const status = oneOf(item.status, ['pending', 'answered', 'skipped'], 'pending');
    this.element.dataset.status = status;
    setAttr(this.element, 'aria-label', this.kit.t(status === 'answered' ? 'questions.answered' : 'questions.title'));
    if (status === 'pending') this.#ask(inputs);
    else this.#answered(inputs);
  }

  #ask(inputs) {
    const face = JSON.stringify(inputs);
    if (face !== this.face) {
      this.questions = inputs.map((input) => new Question(this.kit, input));
      fill(this.asked, ...this.questions.map((question) => question.element));
    }
    this.face = face;
    if (this.element.firstChild !== this.form) fill(this.element, this.form);
  }

  #answered(inputs) {
    fill(
      this.answers,
      ...inputs.flatMap((input) => {
        const answer = object(input.answer);
        const values = (Array.isArray(answer.values) ? answer.values : []).map(text).filter(Boolean);
        const skipped = answer.skipped === true || values.length === 0;
        return [
          h('dt', { dir: 'auto' }, text(input.question)),
          ...(skipped
            ? [h('dd', { class: 'questions-none' }, this.kit.t('questions.skipped'))]
            : values.map((value) => h('dd', { dir: 'auto' }, value))),
        ];
      }),
    );
    if (this.element.firstChild !== this.answers) fill(this.element, this.answers);
  }

  async #send(skipped) {
    if (this.body.disabled) return;
    const given = this.questions.map((question) => [question.id, skipped ? [] : question.values()]);
    if (!skipped && given.every(([, values]) => values.length === 0)) {
      this.#say(this.kit.t('questions.none'));
      this.questions[0]?.focus();
      return;
    }
    const answers = Object.fromEntries(given.map(([id, values]) => [id, { values, skipped: values.length === 0 }]));
    this.body.disabled = true;
    setAttr(this.form, 'aria-busy', 'true');
    try {
      await this.kit.chat.answer(this.item.id, { status: skipped ? 'skipped' : 'answered', answers });
    } catch (error) {
      this.kit.report(error);
      this.#say(this.kit.t('questions.failed'));
    } finally {
      this.body.disabled = false;
      setAttr(this.form, 'aria-busy', undefined);
    }
  }

  #say(words) {
    setText(this.trouble, words);
    this.trouble.hidden = !words;
  }

  destroy() {}
}

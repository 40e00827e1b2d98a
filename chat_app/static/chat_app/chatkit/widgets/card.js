/** Card: a framed widget, which may be a form, may end in two buttons, and may be folded once it has done its work. */

import { fill, h, setAttr, setText } from '../../view/dom.js';
import { Busy, perform } from './busy.js';
import { ButtonFace } from './button.js';
import { Children } from './children.js';
import { onSubmit } from './layout.js';
import { Scope } from './scope.js';
import { StatusLine } from './status.js';
import { padded, setStyles, setTheme, setVariant } from './styles.js';
import { borders, colour, object, oneOf, text } from './values.js';

const SIZES = ['sm', 'md', 'lg', 'full'];

export class Card {
  static shape(spec) {
    return spec.asForm === true ? 'form' : '';
  }

  constructor(cx, spec) {
    const form = Card.shape(spec) === 'form';
    this.scope = form ? new Scope({ form: true }) : cx.scope;
    this.body = h('div', { class: 'w-card-body w-padded' });
    this.foot = h('div', { class: 'w-card-foot', hidden: true });
    this.fields = h('fieldset', { class: 'w-fields w-card-fields', role: 'presentation' }, this.body, this.foot);
    this.status = new StatusLine(cx);
    this.fold = h('button', { type: 'button', class: 'w-fold', hidden: true, on: { click: () => this.#unfold() } });
    this.head = h('div', { class: 'w-card-head', hidden: true }, this.status.element, this.fold);
    this.element = h(
      form ? 'form' : 'div',
      { class: 'w-card', novalidate: form, autocomplete: form && 'off' },
      this.head,
      this.fields,
    );
    this.cx = { ...cx, scope: this.scope, container: new Busy(this.element, this.fields) };
    this.children = new Children(this.cx, this.body);
    this.folded = false;
    this.#buttons(form);
    if (!form) return;
    cx.scopes.add(this.scope);
    onSubmit(this.element, (source) => this.#submit(source));
  }

  #buttons(form) {
    const run = (name, source) => perform(this.cx, object(this.spec[name]).action, { source, auto: 'container' });
    this.confirm = new ButtonFace(this.cx.kit, { type: form ? 'submit' : 'button', class: 'w-confirm' });
    this.cancel = new ButtonFace(this.cx.kit, { class: 'w-cancel' });
    if (!form)
      this.confirm.element.addEventListener('click', (event) => event.detail < 2 && run('confirm', this.confirm.element));
    this.cancel.element.addEventListener('click', (event) => event.detail < 2 && run('cancel', this.cancel.element));
  }

  #submit(source) {
    if (!this.scope.check()) return;
    const own = source.closest?.('.w-button')?.ownAction;
    perform(this.cx, own ?? object(this.spec.confirm).action, { source, auto: 'container' });
  }

  update(spec) {
    setTheme(this.element, spec.theme);
    setVariant(this.element, 'w-card-', oneOf(spec.size, SIZES, 'md'));
    setStyles(this.element, {
      background: colour(spec.background, 'surface'),
      ...(spec.border === undefined ? NO_BORDERS : borders(spec.border)),
    });
    setStyles(this.body, padded(spec.padding));
    this.status.update(spec.status);
    this.children.update(spec.children);
    this.#ends(object(spec.confirm), object(spec.cancel));
    if (this.asked !== spec.collapsed) this.folded = spec.collapsed === true;
    this.asked = spec.collapsed;
    this.#folding();
  }

  #ends(confirm, cancel) {
    const shown = [];
    if (text(cancel.label)) shown.push(this.cancel);
    if (text(confirm.label)) shown.push(this.confirm);
    this.cancel.update({ label: text(cancel.label), color: 'secondary', variant: 'outline' });
    this.confirm.update({ label: text(confirm.label), color: 'primary', variant: 'solid' });
    this.foot.hidden = shown.length === 0;
    const now = [...this.foot.children];
    if (shown.length !== now.length || shown.some((face, at) => face.element !== now[at]))
      fill(this.foot, ...shown.map((face) => face.element));
  }

  #folding() {
    const foldable = this.spec.collapsed === true;
    this.element.classList.toggle('w-folded', this.folded);
    this.fields.hidden = this.folded;
    this.fold.hidden = !foldable;
    this.head.hidden = this.status.element.hidden && !foldable;
    if (!foldable) return;
    setAttr(this.fold, 'aria-expanded', String(!this.folded));
    const words = this.cx.kit.t(this.folded ? 'widgets.showDetails' : 'widgets.hideDetails');
    if (!this.fold.firstChild) this.fold.append(h('span'), this.cx.kit.icon('chevron-down'));
    setText(this.fold.firstChild, words);
  }

  #unfold() {
    this.folded = !this.folded;
    this.#folding();
  }

  destroy() {
    this.status.destroy();
    this.children.destroy();
    this.cx.scopes.delete(this.scope);
  }
}

const NO_BORDERS = {
  'border-block-start': undefined,
  'border-block-end': undefined,
  'border-inline-start': undefined,
  'border-inline-end': undefined,
};

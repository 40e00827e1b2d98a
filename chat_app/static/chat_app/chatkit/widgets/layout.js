/** Containers that only lay out: Box, Row, Col, Form, Spacer, Divider, Transition. */

import { h, setAttr } from '../../view/dom.js';
import { Busy, perform } from './busy.js';
import { Children } from './children.js';
import { Scope } from './scope.js';
import { boxStyles, setStyles } from './styles.js';
import { colour, measure, oneOf, space } from './values.js';

/** Box, Row and Col: `row` and `gap` are what the type does where the spec is silent. */
class Container {
  constructor(cx, { row = false, gap, name }) {
    this.given = { row, gap };
    this.element = h('div', { class: `w-box w-${name}` });
    this.children = new Children(cx, this.element);
  }

  update(spec) {
    layOut(this.element, spec, this.given);
    this.children.update(spec.children);
  }

  destroy() {
    this.children.destroy();
  }
}

function layOut(element, spec, given) {
  const row = spec.direction === undefined ? given.row : spec.direction === 'row';
  element.classList.toggle('w-across', row);
  setStyles(element, boxStyles(spec, { row, gap: given.gap }));
}

export class Box extends Container {
  constructor(cx) {
    super(cx, { name: 'plain' });
  }
}

export class Row extends Container {
  constructor(cx) {
    super(cx, { name: 'row', row: true, gap: 2 });
  }

  update(spec) {
    super.update({ ...spec, direction: 'row' });
  }
}

export class Col extends Container {
  constructor(cx) {
    super(cx, { name: 'col', gap: 2 });
  }

  update(spec) {
    super.update({ ...spec, direction: 'col' });
  }
}

/** A form: the values of its fields go with every action inside it; `onSubmitAction` is sent once they are all valid. */
export class Form {
  constructor(cx) {
    this.scope = new Scope({ form: true });
    this.fields = h('fieldset', { class: 'w-box w-fields', role: 'presentation' });
    this.element = h('form', { class: 'w-form', novalidate: true, autocomplete: 'off' }, this.fields);
    this.cx = { ...cx, scope: this.scope, container: new Busy(this.element, this.fields) };
    this.children = new Children(this.cx, this.fields);
    onSubmit(this.element, (source) => this.#submit(source));
    cx.scopes.add(this.scope);
    this.letGo = () => cx.scopes.delete(this.scope);
  }

  update(spec) {
    const { margin, flex, width, minWidth, maxWidth, size, ...inner } = spec;
    setStyles(this.element, boxStyles({ margin, flex, width: width ?? size, minWidth, maxWidth }, { row: false }));
    layOut(this.fields, { ...inner, height: inner.height ?? size }, { row: false, gap: 3 });
    this.children.update(spec.children);
  }

  #submit(source) {
    const own = source.closest?.('.w-button')?.ownAction;
    const action = own ?? this.spec.onSubmitAction;
    if (this.scope.check()) perform(this.cx, action, { source, auto: 'container' });
  }

  destroy() {
    this.children.destroy();
    this.letGo();
  }
}

/** Run `submit(button)` in the place of a real submission, once for each form however deep it is nested. */
export function onSubmit(form, submit) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    event.stopPropagation();
    submit(event.submitter ?? form);
  });
}

export class Spacer {
  constructor() {
    this.element = h('div', { class: 'w-spacer', 'aria-hidden': 'true' });
  }

  update(spec) {
    setStyles(this.element, { '--w-least': measure(spec.minSize) });
  }
}

export class Divider {
  constructor() {
    this.element = h('hr', { class: 'w-divider' });
  }

  update(spec) {
    this.element.classList.toggle('w-flush', spec.flush === true);
    setStyles(this.element, {
      '--w-thick': measure(spec.size),
      '--w-colour': colour(spec.color, 'border'),
      '--w-around': space(spec.spacing),
    });
  }
}

/** Lets its child come and go softly; what comes in the place of another is a new element, and that is what fades in. */
export class Transition {
  constructor(cx) {
    this.element = h('div', { class: 'w-transition' });
    this.children = new Children(cx, this.element);
  }

  update(spec) {
    const before = this.element.firstElementChild;
    this.children.update(spec.children);
    setAttr(this.element, 'data-changed', Boolean(before) && before !== this.element.firstElementChild);
  }

  destroy() {
    this.children.destroy();
  }
}

/** The way a root lays out its children: `direction` of a Basic. */
export function rootDirection(spec) {
  return oneOf(spec.direction, ['row', 'col'], 'col') === 'row';
}

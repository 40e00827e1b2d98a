/** Fields whose values go together, and the labels that name them: a Form, a Card that is one, or all of a widget that has neither. */

const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

export class Scope {
  /** @param {object} options `form`: whether the values go with every action inside it */
  constructor({ form = false } = {}) {
    this.form = form;
    this.fields = new Set();
    this.labels = new Set();
    this.submit = undefined; // sends the form; set by whoever has one
  }

  /** The values by name; a name `a.b` is a member `b` of `a`. */
  values() {
    const values = {};
    for (const field of this.fields) put(values, field.name, field.read());
    return values;
  }

  /** Ask every field for what is wrong with it, show it, and go to the first. @returns {boolean} whether all is well */
  check() {
    const wrong = [...this.fields].filter((field) => !field.check());
    wrong.sort((one, other) =>
      one.element.compareDocumentPosition(other.element) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1,
    );
    wrong[0]?.focus();
    return wrong.length === 0;
  }

  /** Bind labels to fields by name, once all of them are there. */
  settle() {
    const byName = new Map([...this.labels].map((label) => [label.fieldName, label]));
    for (const field of this.fields) field.labelled(byName.get(field.name)?.element);
    const fields = new Map([...this.fields].map((field) => [field.name, field]));
    for (const label of this.labels) label.names(fields.get(label.fieldName));
  }
}

/** An action's payload with values laid over it: what a person entered wins over what the action brought along. */
export function merged(payload, values) {
  if (!Object.keys(values).length) return payload;
  if (!plain(payload)) return values;
  const all = { ...payload };
  for (const [key, value] of Object.entries(values)) {
    all[key] = plain(value) && plain(all[key]) ? merged(all[key], value) : value;
  }
  return all;
}

/** Set `path` (dots nest) in `values`; names that would reach a prototype are left out. */
export function put(values, path, value) {
  const steps = String(path).split('.');
  if (!path || steps.some((step) => !step || FORBIDDEN.has(step))) return;
  const last = steps.pop();
  let at = values;
  for (const step of steps) {
    if (!Object.hasOwn(at, step) || !plain(at[step])) at[step] = {};
    at = at[step];
  }
  at[last] = value;
}

function plain(value) {
  return Boolean(value) && typeof value === 'object' && !Array.isArray(value);
}

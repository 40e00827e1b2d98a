/**
 * Keeping views in step with what data says. A view that is still meant (by key, id or name, else by its place among those of
 * its type) is updated where it stands, so what a person typed, focused or scrolled stays; the rest is made or let go.
 */

import { h, place } from '../../view/dom.js';

const DEEPEST = 64;

/**
 * @typedef {object} Context what a view is told by the views around it
 * @property {object} kit
 * @property {Record<string, Function>} types the registry: a view's class for each type
 * @property {() => object|undefined} item the thread item that shows this widget
 * @property {import('./scope.js').Scope} scope the fields whose values go together
 * @property {import('./busy.js').Busy} container what an action with `loadingBehavior: 'container'` makes busy
 * @property {import('./pictures.js').Pictures} pictures which of them may be loaded
 * @property {number} depth
 */

export class Children {
  /**
   * @param {Context} cx
   * @param {HTMLElement} host holds the views' elements and nothing else
   */
  constructor(cx, host) {
    this.cx = { ...cx, depth: cx.depth + 1 };
    this.host = host;
    this.views = new Map();
  }

  /** @param {unknown} specs a list of components, one of them, or nothing; anything else is left out */
  update(specs) {
    const before = this.views;
    const seen = new Map();
    this.views = new Map();
    for (const spec of listOf(specs)) {
      const Type = this.cx.depth > DEEPEST ? Cut : typeOf(this.cx, spec);
      if (!Type) continue;
      const name = identity(Type, spec);
      const nth = seen.get(name) ?? 0;
      seen.set(name, nth + 1);
      const slot = `${name} ${nth}`;
      const view = before.get(slot) ?? new Type(this.cx, spec);
      before.delete(slot);
      if (view.spec !== spec) {
        view.spec = spec;
        view.update(spec);
      }
      this.views.set(slot, view);
    }
    for (const view of before.values()) view.destroy?.();
    place(
      this.host,
      [...this.views.values()].map((view) => view.element),
    );
    return this;
  }

  get size() {
    return this.views.size;
  }

  destroy() {
    for (const view of this.views.values()) view.destroy?.();
    this.views.clear();
  }
}

function listOf(specs) {
  const list = Array.isArray(specs) ? specs.flat(2) : [specs];
  return list
    .map((spec) => (typeof spec === 'string' || typeof spec === 'number' ? { type: 'Text', value: String(spec) } : spec))
    .filter((spec) => spec && typeof spec === 'object' && !Array.isArray(spec));
}

function typeOf(cx, spec) {
  if (Object.hasOwn(cx.types, spec.type)) return cx.types[spec.type];
  return spec.children === undefined || spec.children === null ? undefined : Unknown;
}

/** `shape` is a class's say in what cannot be changed where it stands, as a box that becomes a form. */
function identity(Type, spec) {
  const own = [spec.key, spec.id, spec.name].find((value) => typeof value === 'string' || typeof value === 'number');
  return JSON.stringify([spec.type, Type.shape?.(spec) ?? '', own ?? '']);
}

/** A type that this version does not know: what is inside it is shown as if it were not there. */
class Unknown {
  constructor(cx) {
    this.element = h('div', { class: 'w-unknown' });
    this.children = new Children(cx, this.element);
  }

  update(spec) {
    this.children.update(spec.children);
  }

  destroy() {
    this.children.destroy();
  }
}

class Cut {
  constructor() {
    this.element = h('span', { class: 'w-cut' }, '…');
  }

  update() {}
}

/** The items of the open thread in order, and which of them changed since somebody looked. */

import { applyUpdate } from './updates.js';

const NEVER_SHOWN = new Set(['hidden_context_item', 'sdk_hidden_context', 'end_of_turn']);

export class Items {
  #byId = new Map();
  #changed = new Set();
  #moved = true;

  /** All of them, oldest first. */
  get list() {
    return [...this.#byId.values()];
  }

  get size() {
    return this.#byId.size;
  }

  get first() {
    return this.#byId.values().next().value;
  }

  get(id) {
    return this.#byId.get(id);
  }

  /** The newest one that `test` holds for. */
  last(test = () => true) {
    return this.list.findLast(test);
  }

  /** Put an item in: in its place where it is known, else behind all others. */
  put(item) {
    if (!item?.id || NEVER_SHOWN.has(item.type)) return;
    const known = this.#byId.get(item.id);
    if (!known) this.#moved = true;
    // A stream brings the item as it is told; what was learned of it beside that stays.
    if (known?.answered) item.answered = { ...known.answered, ...item.answered };
    this.#byId.set(item.id, item);
    this.#changed.add(item.id);
  }

  /** What the server tells of these answers beside their words. @param {Record<string, object>} of by id */
  know(of) {
    for (const [id, told] of Object.entries(of)) {
      const item = this.#byId.get(id);
      if (!item) continue;
      item.answered = { ...item.answered, ...told };
      this.#changed.add(id);
    }
  }

  /** Put an item in the place of another, which was only ever known here. */
  swap(oldId, item) {
    if (!this.#byId.has(oldId)) return this.put(item);
    const entries = [...this.#byId].filter(([id]) => id !== item.id);
    this.#byId = new Map(entries.map(([id, one]) => (id === oldId ? [item.id, item] : [id, one])));
    this.#changed.add(item.id);
    this.#moved = true;
    return undefined;
  }

  /** The newest one before that item that `test` holds for. */
  before(id, test) {
    const all = this.list;
    return all.slice(0, all.findIndex((item) => item.id === id)).findLast(test);
  }

  /** The ids of all that stands behind that item. */
  behind(id) {
    const ids = [...this.#byId.keys()];
    return ids.slice(ids.indexOf(id) + 1);
  }

  /** The ids of all that was said in answer to the same message as that item. */
  answerOf(id) {
    const all = this.list;
    const at = all.findIndex((item) => item.id === id);
    const from = all.slice(0, at).findLastIndex((item) => item.type === 'user_message') + 1;
    const next = all.findIndex((item, place) => place > at && item.type === 'user_message');
    return all.slice(from, next < 0 ? all.length : next).map((item) => item.id);
  }

  update(id, update) {
    const item = this.#byId.get(id);
    if (!item) return;
    applyUpdate(item, update);
    this.#changed.add(id);
  }

  remove(id) {
    if (this.#byId.delete(id)) this.#moved = true;
  }

  /** Older ones, in front of all others. */
  prepend(items) {
    const shown = items.filter((item) => item?.id && !NEVER_SHOWN.has(item.type) && !this.#byId.has(item.id));
    this.#byId = new Map([...shown.map((item) => [item.id, item]), ...this.#byId]);
    for (const item of shown) this.#changed.add(item.id);
    this.#moved = true;
  }

  /** The newest ones, as the server has them now. What lies before the first of them stays where they hang together. */
  renew(items) {
    const shown = items.filter((item) => item?.id && !NEVER_SHOWN.has(item.type));
    const all = this.list;
    const at = shown.length ? all.findIndex((item) => item.id === shown[0].id) : 0;
    const kept = at > 0 ? all.slice(0, at) : [];
    this.#byId = new Map([...kept, ...shown].map((item) => [item.id, item]));
    for (const item of shown) this.#changed.add(item.id);
    this.#moved = true;
  }

  /** As `renew`, while an answer is being read: what is known here is newer, and what only is here stays last. */
  merge(items) {
    const shown = items.filter((item) => item?.id && !NEVER_SHOWN.has(item.type)).map((item) => this.#byId.get(item.id) ?? item);
    const ids = new Set(shown.map(({ id }) => id));
    this.#byId = new Map([...shown, ...this.list.filter(({ id }) => !ids.has(id))].map((item) => [item.id, item]));
    for (const id of this.#byId.keys()) this.#changed.add(id);
    this.#moved = true;
  }

  clear() {
    this.#byId = new Map();
    this.#moved = true;
  }

  /** What changed since the last call: ids, and whether any came, went or moved. */
  take() {
    const changes = { ids: this.#changed, moved: this.#moved };
    this.#changed = new Set();
    this.#moved = false;
    return changes;
  }
}

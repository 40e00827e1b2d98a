/**
 * A long row of elements in batches, which a browser leaves out as long as they are out of sight (styles/thread.css): dozens of
 * boxes to watch, not thousands. What the elements are is not known here.
 */

import { h, place } from '../../view/dom.js';

const SIZE = 40;

export class Batches {
  /** @param {HTMLElement} host holds the batches and nothing else */
  constructor(host) {
    this.host = host;
  }

  /** Make these elements stand in the host, in this order. One that stands there already changes its batch only where it must. */
  arrange(elements) {
    const batches = new Map();
    let last = null;
    for (const [at, element] of elements.entries()) {
      last = this.#batchOf(element, elements[at + 1], last, batches);
      if (!batches.has(last)) batches.set(last, []);
      batches.get(last).push(element);
    }
    place(this.host, [...batches.keys()]);
    for (const [batch, its] of batches) place(batch, its);
  }

  #batchOf(element, next, last, batches) {
    const own = element.parentElement;
    if (own?.parentElement === this.host && (own === last || !batches.has(own))) return own;
    const hasRoom = last && (batches.get(last).length < SIZE || next?.parentElement === last);
    return hasRoom ? last : h('div', { class: 'batch' });
  }
}

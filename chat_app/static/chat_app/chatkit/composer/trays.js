/** The files of the thread that is shown, and of those that one has left with files that were not sent yet. */

import { h } from '../../view/dom.js';
import { Tray } from './tray.js';

export class Trays {
  #kit;
  #told;
  #left = new Map(); // thread id -> Tray

  constructor(kit, told) {
    this.#kit = kit;
    this.#told = told;
    this.element = h('div', { class: 'trays' });
    this.now = this.#make();
  }

  #make() {
    const tray = new Tray(this.#kit, {
      ...this.#told,
      changed: () => (tray === this.now ? this.#told.changed() : this.#changedApart(tray)),
    });
    this.element.replaceChildren(tray.element);
    return tray;
  }

  /** An upload of a thread that is not shown has come to an end: its draft is the place for that. */
  #changedApart(tray) {
    const [threadId] = [...this.#left].find(([, other]) => other === tray) ?? [];
    if (threadId === undefined) return; // being made, or done with
    const draft = this.#kit.drafts.get(threadId);
    this.#kit.drafts.set(threadId, { content: [], ...draft, attachments: tray.attachments });
  }

  /** Leave a thread for another, whose draft has these attachments. */
  turn(from, to, attachments = []) {
    if (this.now.count) this.#left.set(from, this.now);
    else this.now.destroy();
    const known = this.#left.get(to);
    this.#left.delete(to);
    this.now = known ?? this.#make();
    this.element.replaceChildren(this.now.element);
    if (!known && attachments.length) this.now.set(attachments);
  }

  /** Another language. */
  speak() {
    for (const tray of [this.now, ...this.#left.values()]) tray.speak();
  }

  destroy() {
    for (const tray of [this.now, ...this.#left.values()]) tray.destroy();
  }
}

/** What a screen reader is told: whole sentences, now and then, never token by token. */

import { h } from './dom.js';

const EVERY = 3_000;
const LAST = 800; // the last part of an answer is drawn a little after its end is known
const MOST = 1_500; // characters at once; a long answer is better read in place

export class Announcer {
  #waiting = [];
  #closing = '';

  constructor() {
    this.element = h('div', { class: 'hidden', role: 'status', 'aria-live': 'polite', 'aria-atomic': 'false' });
  }

  /** Say something now. */
  say(text) {
    this.element.append(h('p', {}, text));
    while (this.element.children.length > 8) this.element.firstElementChild.remove();
  }

  /** Say something with what else comes in the next seconds. */
  soon(text) {
    if (text) this.#waiting.push(text);
    this.timer ??= setTimeout(() => this.flush(), EVERY);
  }

  /** Say something once all that belongs before it has been said. */
  close(text) {
    this.#closing = text;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), LAST);
  }

  flush() {
    clearTimeout(this.timer);
    this.timer = undefined;
    const text = this.#waiting.splice(0).join(' ');
    if (text) this.say(text.length > MOST ? `${text.slice(0, MOST)}…` : text);
    if (this.#closing) this.say(this.#closing);
    this.#closing = '';
  }
}

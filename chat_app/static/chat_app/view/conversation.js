/** The messages and the place where one is reading: it follows the newest text until a person scrolls away. */

import { messagesOf } from '../state/messages.js';
import { h, iconButton, place } from './dom.js';
import { Empty } from './empty.js';
import { icon } from './icons.js';
import { AnswerMessage, UserMessage } from './message.js';

const NEAR = 40; // px from the end that still count as the end

export class Conversation {
  #views = new Map();
  #seen = [];

  constructor(app, options) {
    this.app = app;
    this.following = true;
    this.empty = new Empty(app, options);
    this.earlier = h('button', { type: 'button', class: 'button quiet earlier', hidden: true, on: { click: () => app.threads.earlier() } },
      'Earlier messages');
    this.loading = h('p', { class: 'loading', hidden: true }, 'Loading…');
    this.list = h('div', { class: 'list' });
    this.column = h('div', { class: 'column' }, this.loading, this.earlier, this.empty.element, this.list);
    this.element = h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Conversation' }, this.column);
    this.jump = iconButton('Jump to the latest', icon('latest'), () => this.toEnd(true), { class: 'jump', hidden: true });
    this.#watch();
  }

  #watch() {
    let top = 0;
    this.element.addEventListener('scroll', () => {
      const now = this.element.scrollTop;
      if (now < top - 1 && !this.#atEnd()) this.following = false;
      else if (this.#atEnd()) this.following = true;
      top = now;
      this.#offer();
    }, { passive: true });
    this.element.addEventListener('wheel', (event) => {
      if (event.deltaY < 0 && this.element.scrollHeight > this.element.clientHeight) this.following = false;
    }, { passive: true });
    this.observer = new ResizeObserver(() => {
      if (this.following && this.#seen.length) this.toEnd();
      this.#offer();
    });
  }

  start() {
    this.observer.observe(this.column);
    this.observer.observe(this.element);
  }

  #atEnd() {
    return this.element.scrollHeight - this.element.scrollTop - this.element.clientHeight <= NEAR;
  }

  #offer() {
    this.jump.hidden = this.following || this.#atEnd();
  }

  /** Go to the end, and follow from there. */
  toEnd(asked = false) {
    this.following = true;
    const smooth = asked && !matchMedia('(prefers-reduced-motion: reduce)').matches;
    const far = this.element.scrollHeight - this.element.scrollTop > 3 * this.element.clientHeight;
    this.element.scrollTo({ top: this.element.scrollHeight, behavior: smooth && !far ? 'smooth' : 'instant' });
    this.#offer();
  }

  render(state) {
    const messages = messagesOf(state);
    const other = state.threadId !== this.threadId && !(this.threadId === undefined && state.pending);
    this.threadId = state.threadId;
    if (other) this.following = true;
    const fromEnd = this.element.scrollHeight - this.element.scrollTop;
    const grown = this.#grownAbove(messages);
    this.#show(messages);
    this.empty.element.hidden = messages.length > 0 || state.loading || (state.threadId && state.phase === 'ready' && !state.thread);
    this.empty.render(state);
    this.earlier.hidden = !state.itemsNext || state.loading;
    this.loading.hidden = !state.loading;
    if (grown && !this.following) this.element.scrollTop = this.element.scrollHeight - fromEnd;
    if (other && messages.length) this.toEnd();
  }

  #grownAbove(messages) {
    const first = this.#seen[0]?.key;
    const grown = first !== undefined && messages.findIndex((message) => message.key === first) > 0;
    this.#seen = messages;
    return grown;
  }

  #show(messages) {
    const views = new Map();
    for (const message of messages) {
      let view = this.#views.get(message.key);
      if (!view) view = message.role === 'user' ? new UserMessage(this.app) : new AnswerMessage(this.app);
      if (!same(view.last, message)) view.update(message);
      view.last = message;
      views.set(message.key, view);
    }
    this.#views = views;
    place(this.list, [...views.values()].map((view) => view.element));
  }

  stop() {
    this.observer.disconnect();
  }
}

function same(before, now) {
  if (!before) return false;
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  for (const name of names) if (before[name] !== now[name]) return false;
  return true;
}

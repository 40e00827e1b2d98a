/** What is shown where there is no conversation yet: an invitation, or why there is no way in. */

import { h } from './dom.js';
import { icon } from './icons.js';

/** Prompts offered to someone who has not said anything yet. */
export const PROMPTS = [
  { title: 'Look around', text: 'What can I do here, and how do I connect my own front end?' },
  { title: 'Add a model', text: 'How do I put a real model behind this chat? Show me the steps.' },
  { title: 'Write some code', text: 'Write a small Python function that groups words by their first letter, with a test.' },
  { title: 'Compare things', text: 'Compare server-sent events and WebSockets in a table, then say when to use which.' },
];

export class Empty {
  #phase;

  constructor(app, { prompts, login, heading }) {
    this.app = app;
    this.prompts = prompts ?? PROMPTS;
    this.login = login;
    this.heading = heading ?? 'What would you like to talk about?';
    this.element = h('div', { class: 'empty' });
  }

  render({ phase, trouble }) {
    if (phase === this.#phase) return;
    this.#phase = phase;
    const views = { starting: this.#starting, ready: this.#ready, locked: this.#locked, down: this.#down };
    this.element.replaceChildren(...views[phase].call(this, trouble));
  }

  #starting() {
    return [h('p', { class: 'empty-text waiting' }, 'Opening the chat…')];
  }

  #ready() {
    const cards = this.prompts.map(({ title, text }) =>
      h('li', {}, h('button', { type: 'button', class: 'card', on: { click: () => this.app.ask(text) } },
        h('span', { class: 'card-title', dir: 'auto' }, title), h('span', { class: 'card-text', dir: 'auto' }, text))));
    return [
      h('div', { class: 'empty-mark' }, icon('spark')),
      h('h1', { dir: 'auto' }, this.heading),
      h('ul', { class: 'cards', 'aria-label': 'Things to try' }, ...cards),
    ];
  }

  #locked(trouble) {
    return [
      h('div', { class: 'empty-mark' }, icon('door')),
      h('h1', {}, 'Please sign in'),
      h('p', { class: 'empty-text' }, `${trouble} Sign in, and you come back here.`),
      this.login && h('a', { class: 'button solid', href: this.login }, 'Sign in'),
    ].filter(Boolean);
  }

  #down(trouble) {
    return [
      h('div', { class: 'empty-mark' }, icon('alert')),
      h('h1', {}, 'The chat is not there right now'),
      h('p', { class: 'empty-text', role: 'alert' }, trouble),
      h('button', { type: 'button', class: 'button solid', on: { click: () => this.app.begin() } }, 'Try again'),
    ];
  }
}

/**
 * Puts the parts together inside one element: client, store, actions and views. What a part needs of another it asks for
 * here; parts do not know each other.
 */

import { SessionActions } from './actions/session.js';
import { ThreadActions } from './actions/threads.js';
import { TurnActions } from './actions/turns.js';
import { Client } from './api/client.js';
import { kept } from './state/kept.js';
import { Store } from './state/store.js';
import { Announcer } from './view/announcer.js';
import { Banner } from './view/banner.js';
import { Composer } from './view/composer.js';
import { Conversation } from './view/conversation.js';
import { h, setAttr } from './view/dom.js';
import { Sidebar } from './view/sidebar.js';
import { Topbar } from './view/topbar.js';

const NARROW = matchMedia('(max-width: 860px)');

export class App {
  /**
   * @param {HTMLElement} host the custom element
   * @param {ShadowRoot} root
   * @param {{base?: string, login?: string, admin?: string, person?: string, prompts?: object[], heading?: string, hash?: boolean, dressed: Promise}} options
   *   `dressed` resolves when the styles are there and the element is visible
   */
  constructor(host, root, options) {
    Object.assign(this, { host, root, options });
    this.store = new Store();
    this.client = new Client(options.base ?? '');
    this.session = new SessionActions(this);
    this.threads = new ThreadActions(this);
    this.turns = new TurnActions(this);
    this.#build();
  }

  #build() {
    this.announcer = new Announcer();
    this.sidebar = new Sidebar(this, this.options);
    this.topbar = new Topbar(this);
    this.conversation = new Conversation(this, this.options);
    this.banner = new Banner(this);
    this.composer = new Composer(this);
    this.scrim = h('div', { class: 'scrim', on: { click: () => this.closeDrawer() } });
    this.main = h('main', { class: 'main' },
      this.topbar.element,
      this.conversation.element,
      h('div', { class: 'dock' }, this.conversation.jump, this.banner.element, this.composer.element,
        h('p', { class: 'fine' }, 'Answers can be wrong. Check what matters.')),
    );
    this.frame = h('div', { class: 'frame' }, this.sidebar.element, this.scrim, this.main, this.announcer.element);
    this.root.append(this.frame);
    this.views = [this.sidebar, this.topbar, this.conversation, this.banner, this.composer];
  }

  connect() {
    this.ended = new AbortController();
    const { signal } = this.ended;
    this.unsubscribe = this.store.subscribe((state) => this.#render(state));
    this.root.addEventListener('keydown', (event) => this.#key(event), { signal });
    addEventListener('keydown', (event) => event.key === 'Escape' && this.closeDrawer(), { signal });
    NARROW.addEventListener('change', () => this.closeDrawer(), { signal });
    addEventListener('pagehide', () => this.composer.keep(), { signal });
    if (this.options.hash) addEventListener('popstate', () => this.#route(), { signal });
    this.frame.classList.toggle('folded', kept.folded);
    this.#sideState();
    this.#render(this.store.state);
    this.conversation.start();
    this.threads.watch();
    this.turns.watch();
    this.begin();
  }

  disconnect() {
    this.composer.keep();
    this.ended.abort();
    this.unsubscribe();
    this.turns.leave();
    this.threads.unwatch();
    this.turns.unwatch();
    this.session.stop();
    this.banner.stop();
    this.conversation.stop();
  }

  #render(state) {
    for (const view of this.views) view.render(state);
    const title = state.thread?.title ?? '';
    if (title === this.title) return;
    this.title = title;
    this.host.dispatchEvent(new CustomEvent('chat-title', { detail: { title }, bubbles: true, composed: true }));
  }

  /** Get in, and show what the address names. */
  async begin() {
    const started = await this.session.start();
    await this.options.dressed;
    this.composer.fit();
    if (!started) return;
    this.threads.list();
    this.#route();
    if (!NARROW.matches) this.composer.focus();
  }

  #route() {
    const id = this.options.hash ? new URLSearchParams(location.hash.slice(1)).get('thread') : undefined;
    if (id) this.threads.open(id);
    else if (this.store.state.threadId) this.threads.newChat();
  }

  /** Keep the address on the open thread. */
  visited(id) {
    if (!this.options.hash) return;
    const address = id ? `#thread=${encodeURIComponent(id)}` : location.pathname + location.search;
    if ((location.hash || location.pathname + location.search) !== address) history.pushState(null, '', address);
  }

  newChat() {
    this.threads.newChat();
    this.closeDrawer();
    this.composer.focus();
  }

  ask(text) {
    if (this.composer.text.value.trim()) this.composer.fill(text);
    else {
      this.composer.fill(text);
      this.composer.submit();
    }
  }

  edit(text) {
    this.composer.fill(text);
  }

  stick() {
    this.conversation.toEnd();
  }

  async rate(itemId, kind) {
    const before = this.store.state.rated;
    this.store.set({ rated: { ...before, [itemId]: kind ?? undefined } });
    try {
      await this.client.feedback(itemId, kind);
      this.announce(kind ? 'Thank you for your rating.' : 'Rating taken back.');
    } catch (error) {
      this.store.set({ rated: before });
      this.warn(error);
    }
  }

  exportThread(id) {
    h('a', { href: this.client.exportAddress(id), download: '' }).click();
  }

  modelName(id) {
    return this.store.state.models.find((model) => model.id === id)?.label ?? id ?? '';
  }

  /** Something did not work: say so, with a way on where there is one. */
  warn(error, action) {
    this.announce(error.message);
    this.store.set({ banner: { level: 'danger', text: error.message, actions: action ? [action] : [], passing: !action } });
  }

  /** A remark that goes away by itself. */
  say(text) {
    this.announce(text);
    this.store.set({ banner: { level: 'info', text, passing: true } });
  }

  announce(text) {
    this.announcer.say(text);
  }

  /** A finished part of the running answer, to be read out in time. */
  read(text) {
    this.announcer.soon(text);
  }

  finished({ state, error }) {
    const words = { completed: 'The answer is complete.', cancelled: 'The answer was stopped.', interrupted: 'The answer was interrupted.' };
    this.announcer.close(words[state] ?? error?.detail ?? 'The answer failed.');
  }

  toggleSide() {
    if (!NARROW.matches) {
      kept.folded = this.frame.classList.toggle('folded');
      this.#sideState();
      return;
    }
    this.frame.classList.add('drawer');
    this.main.inert = true;
    this.#sideState();
    // Hidden until the next frame, and what is hidden takes no focus.
    requestAnimationFrame(() => this.sidebar.element.querySelector('button, input')?.focus());
  }

  closeDrawer() {
    const open = this.frame.classList.contains('drawer');
    this.frame.classList.remove('drawer');
    this.main.inert = false;
    this.#sideState();
    if (open) this.topbar.list.focus();
  }

  #sideState() {
    const { classList } = this.frame;
    const shown = NARROW.matches ? classList.contains('drawer') : !classList.contains('folded');
    this.sidebar.element.inert = !shown;
    setAttr(this.topbar.list, 'aria-expanded', String(shown));
  }

  #key(event) {
    if (event.key.toLowerCase() === 'o' && event.shiftKey && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.newChat();
    }
  }
}

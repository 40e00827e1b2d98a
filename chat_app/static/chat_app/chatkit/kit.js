/**
 * One chat: makes the parts, introduces them to each other, and starts them. What a part does is its own file's business; `kit`
 * is what all of them are given.
 */

import { Announcer } from '../view/announcer.js';
import { h } from '../view/dom.js';
import { Files } from './actions/files.js';
import { Threads } from './actions/threads.js';
import { Turns } from './actions/turns.js';
import { Composer } from './composer/index.js';
import { icon } from './icons.js';
import { loadLocale } from './locale.js';
import { Client } from './protocol/client.js';
import { prepare, transportOf } from './protocol/transport.js';
import { Drafts } from './state/drafts.js';
import { Items } from './state/items.js';
import { Place } from './state/place.js';
import { Store } from './store.js';
import { adopt, dress } from './dress.js';
import { Frame } from './view/frame.js';

export class Kit {
  #transport = null;
  #connected = false;
  #themed = null; // the theme that is worn
  #spoken; // the locale that is spoken
  #reached = ''; // the server that is asked
  #title = null; // of the open thread, as the page was told it

  /** @param {{backend: string, threadId?: string|null}} where the server, and the thread that the element had open before */
  constructor(host, root, options, { backend, threadId }) {
    Object.assign(this, { host, root, options, backend, opened: threadId });
    this.icon = icon;
    this.store = new Store();
    this.items = new Items();
    this.aliases = new Map(); // ids under which an item was shown before the server named it
    this.overlays = h('div', { class: 'overlays' });
    this.announcer = new Announcer();
    this.client = new Client(null, () => this.locale, () => this.t('frame.sorry'));
    this.drafts = new Drafts(() => this.transport.url);
    this.place = new Place(() => this.transport.url);
    this.chat = new Turns(this);
    this.threads = new Threads(this);
    this.files = new Files(this);
    this.isUp = false; // once it knows its backend
    this.started = new Promise((resolve) => {
      this.go = resolve;
    });
    this.ended = new Promise((resolve) => {
      this.gone = resolve;
    });
  }

  /** The element is on a page. */
  async connect() {
    if (this.#connected) return;
    this.#connected = true;
    this.#listen();
    let options;
    let words;
    do {
      options = this.options; // others may come while these are prepared
      const { locale, theme, api } = options;
      [words] = await Promise.all([loadLocale(locale), dress(this.root, theme), prepare(api)]);
      if (!this.#connected) return; // gone in between
    } while (options !== this.options);
    Object.assign(this, words);
    this.#themed = options.theme;
    this.#spoken = options.locale;
    this.#reach();
    this.#build();
    this.emit('ready');
    await this.start();
  }

  /** The element has left the page: nothing goes on that nobody sees. Answers are written on by the server. */
  destroy() {
    this.#connected = false;
    this.isUp = false;
    this.threads.close();
    this.gone();
    this.chat.leave();
    this.#transport?.close();
    removeEventListener('online', this.onLine);
    removeEventListener('offline', this.onLine);
    this.deaf?.();
    this.composer?.destroy();
    this.frame?.destroy();
    this.root.replaceChildren();
    this.root.adoptedStyleSheets = [];
  }

  get transport() {
    return this.#transport;
  }

  #reach() {
    this.#transport?.close();
    this.#reached = serverOf(this.options.api);
    this.#transport = transportOf(() => this.options.api, {
      backend: this.backend,
      element: this.host,
      onTurn: (turnId, threadId) => {
        if (threadId === this.store.state.threadId) void this.chat.follow(turnId);
      },
      onThreads: () => this.store.state.history.open && void this.threads.list(),
      onStatus: ({ state }) => this.store.set({ link: state === 'retrying' || state === 'reconnecting' ? 'lost' : 'open' }),
      onError: (error) => this.report(error),
    });
    this.client.transport = this.#transport;
  }

  #listen() {
    this.onLine = () => this.store.set({ offline: navigator.onLine === false });
    addEventListener('online', this.onLine);
    addEventListener('offline', this.onLine);
    this.onLine();
  }

  #build() {
    this.composer = new Composer(this);
    this.frame = new Frame(this);
    this.history = this.frame.history;
    this.root.append(this.frame.element, this.overlays, this.announcer.element);
    this.host.dir ||= this.dir; // a page that says so itself knows better
    this.deaf = this.store.subscribe((state) => this.#render(state));
    this.frame.render(this.store.state);
  }

  #render(state) {
    this.frame.render(state);
    const title = state.thread?.title ?? null;
    if (title === this.#title) return;
    this.#title = title;
    this.emit('thread.title', { threadId: state.threadId, title });
  }

  /** Find out whether the server is there and who is speaking, and open the first thread. */
  async start() {
    this.store.set({ phase: 'starting', trouble: '' });
    const transport = this.#transport;
    const isOver = () => transport !== this.#transport || !this.#connected;
    try {
      await transport.connection?.token();
      if (isOver()) return;
    } catch (error) {
      if (isOver()) return;
      const cause = error?.cause ?? error;
      this.store.set({ phase: 'failed', trouble: cause?.message ?? String(cause) });
      return;
    }
    this.store.set({ phase: 'ready' });
    this.#render(this.store.state); // who waits for it may want the focus at once, and what is hidden takes none
    this.isUp = true;
    this.go();
    const initialThread = this.opened !== undefined ? this.opened : this.options.initialThread;
    if (initialThread !== undefined) {
      if (initialThread !== null) await this.threads.open(initialThread);
    } else if (this.place.get()) await this.threads.open(this.place.get(), { perhaps: true });
  }

  /** Other options: drawn anew where that is seen, reached anew where the server is another. */
  async configure(options) {
    this.options = options;
    if (!this.frame) return;
    if (JSON.stringify(options.theme) !== JSON.stringify(this.#themed)) {
      this.#themed = options.theme;
      void adopt(this.root, options.theme);
    }
    if (options.locale !== this.#spoken) {
      const words = await loadLocale(options.locale);
      if (options !== this.options || !this.#connected) return; // a later call does it all
      Object.assign(this, words);
      this.options = { ...options }; // another one to the composer: it speaks anew
      this.#spoken = options.locale;
      this.host.dir = this.dir;
    }
    if (serverOf(options.api) !== this.#reached) {
      await prepare(options.api);
      this.chat.leave();
      this.opened = undefined;
      this.#reach();
      await this.threads.open(null);
      await this.start();
    }
    this.frame.configure();
    this.store.touch();
  }

  /** A message in the page's name, as `sendUserMessage` has it. */
  async say({ text, content, reply, attachments, newThread, toolChoice, model }) {
    const parts = content ?? (text ? [{ type: 'input_text', text }] : []);
    if (!parts.length && !attachments?.length) throw new TypeError('sendUserMessage needs `text` or `content`.');
    await this.chat.send({ content: parts, attachments, reply, newThread, model, tool: toolChoice?.id });
  }

  /** Load a sheet of the chat into its shadow. */
  style(name) {
    return dress.sheet(this.root, name);
  }

  /** @param {string} name without its prefix */
  emit(name, detail) {
    this.host.dispatchEvent(new CustomEvent(`chatkit.${name}`, { detail, bubbles: true, composed: true }));
  }

  /** Tell the page of an error, and whoever looks at the console. `quiet`: it is no trouble to anybody. */
  report(error, { quiet = false } = {}) {
    const told = error instanceof Error ? error : new Error(String(error));
    if (quiet) {
      this.emit('log', { name: 'error', data: { message: told.message } });
      return;
    }
    console.warn('chatkit:', told);
    this.emit('error', { error: told });
  }

  /** Something that a person asked for did not work: it is said, and reported. */
  fail(error) {
    this.notify({ level: 'danger', message: error?.message ?? String(error), passing: true });
    this.report(error);
  }

  /** @param {{level: string, message: string, title?: string, passing?: boolean}} notice Markdown; passing ones go by themselves */
  notify({ level = 'info', message, title, passing = false }) {
    const id = (this.noticed = (this.noticed ?? 0) + 1);
    const known = ['info', 'warning', 'danger'].includes(level) ? level : 'info';
    this.store.set({ notices: [...this.store.state.notices.slice(-4), { id, level: known, message: String(message ?? ''), title, passing }] });
    this.announce([title, message].filter(Boolean).join('. '));
  }

  dismiss(id) {
    this.store.set({ notices: this.store.state.notices.filter((notice) => notice.id !== id) });
  }

  announce(text) {
    this.announcer.say(text);
  }

  /** An item that was shown under another id is this one. */
  alias(old, id) {
    this.aliases.set(id, old);
  }

  /** A message is on its way: be where it is shown. */
  follow() {
    this.frame?.messages.toEnd();
  }
}

/** What makes two backends two: another address, another way to speak for somebody, another way for files. */
function serverOf({ url, getClientSecret, uploadStrategy }) {
  return JSON.stringify([url, Boolean(getClientSecret), uploadStrategy]);
}

/** The history: listing, searching, opening, naming and deleting threads, and noticing what happens to them elsewhere. */

import { fromStored, isRunning } from '../state/fold.js';
import { merged, unsent } from '../state/messages.js';

const POLL = 12_000;

export class ThreadActions {
  #opening;
  #listing;

  constructor(app) {
    this.app = app;
  }

  /** Begin to watch for news: other tabs of this browser tell at once, other devices are noticed by asking now and then. */
  watch() {
    this.news = new BroadcastChannel('chat-backend');
    this.news.onmessage = ({ data }) => this.#heard(data);
    this.looked = () => {
      if (!document.hidden) this.sync();
    };
    document.addEventListener('visibilitychange', this.looked);
    addEventListener('focus', this.looked);
    addEventListener('online', this.looked);
    this.timer = setInterval(this.looked, POLL);
  }

  unwatch() {
    this.news?.close();
    clearInterval(this.timer);
    document.removeEventListener('visibilitychange', this.looked);
    removeEventListener('focus', this.looked);
    removeEventListener('online', this.looked);
    this.#opening?.abort();
    this.#listing?.abort();
  }

  /** Tell the other tabs. @param {object} news {kind: 'turn' | 'threads', threadId?} */
  tell(news) {
    this.news?.postMessage(news);
  }

  #heard(news) {
    if (news.kind === 'threads') this.list({ quiet: true });
    if (news.threadId && news.threadId === this.app.store.state.threadId) this.sync();
  }

  /** Load the first page of the history, as the search field has it. */
  async list({ query = this.app.store.state.threads.query, quiet = false } = {}) {
    const { store, client } = this.app;
    this.#listing?.abort();
    const { signal } = (this.#listing = new AbortController());
    store.set({ threads: { ...store.state.threads, query, loading: !quiet, failed: undefined } });
    try {
      const page = await client.threads({ q: query, signal });
      store.set({ threads: { data: page.data, next: cursor(page), query, loading: false } });
      this.#retitle(page.data);
    } catch (error) {
      if (signal.aborted) return;
      store.set({ threads: { ...store.state.threads, loading: false, failed: error.message } });
    }
  }

  /** The open thread goes by the name that the list has for it. */
  #retitle(data) {
    const { thread } = this.app.store.state;
    const title = data.find((one) => one.id === thread?.id)?.title;
    if (title && title !== thread.title) this.app.store.set({ thread: { ...thread, title } });
  }

  async more() {
    const { store, client } = this.app;
    const { threads } = store.state;
    if (!threads.next || threads.loading) return;
    store.set({ threads: { ...threads, loading: true } });
    try {
      const page = await client.threads({ q: threads.query, after: threads.next });
      const now = store.state.threads;
      const known = new Set(now.data.map((thread) => thread.id));
      const data = [...now.data, ...page.data.filter((thread) => !known.has(thread.id))];
      store.set({ threads: { ...now, data, next: cursor(page), loading: false } });
    } catch (error) {
      store.set({ threads: { ...store.state.threads, loading: false } });
      this.app.warn(error);
    }
  }

  /** Leave the open thread for an empty page; nothing is made on the server until something is sent. */
  newChat() {
    this.#opening?.abort();
    this.app.turns.leave();
    this.app.store.set({ threadId: undefined, thread: undefined, items: [], itemsNext: undefined, loading: false, banner: undefined });
    this.app.visited(undefined);
  }

  /** Show a thread, and its running answer if there is one. */
  async open(id) {
    const { store, client } = this.app;
    if (store.state.threadId === id && store.state.thread) return;
    this.#opening?.abort();
    const { signal } = (this.#opening = new AbortController());
    this.app.turns.leave();
    store.set({ threadId: id, thread: undefined, items: [], itemsNext: undefined, loading: true, banner: undefined });
    this.app.visited(id);
    try {
      const [thread, page] = await Promise.all([client.thread(id, signal), client.items(id, { signal })]);
      const known = merged([], page.data, { whole: true });
      await this.#show(thread, known, cursor(page), () => !signal.aborted);
    } catch (error) {
      if (signal.aborted) return;
      store.set({ loading: false });
      if (error.status === 404) {
        this.newChat();
        this.app.say('That conversation is not here any more.');
      } else this.app.warn(error, { label: 'Try again', run: () => this.#reopen(id) });
    }
  }

  #reopen(id) {
    this.app.store.set({ threadId: undefined });
    return this.open(id);
  }

  /** Put a thread on the page, unless it is `wanted` no more once all is known. */
  async #show(thread, items, itemsNext, wanted) {
    const { store, client, turns } = this.app;
    const last = items.at(-1)?.turn_id;
    let turn;
    if (!thread.active_turn_id && last) turn = await client.turn(last).then(fromStored, () => undefined);
    if (!wanted()) return;
    store.set({ thread, items, itemsNext, loading: false, turn: turn && settled(turn, items) });
    if (thread.active_turn_id) turns.follow(thread.active_turn_id);
  }

  /** Load the page of messages before the first one shown. */
  async earlier() {
    const { store, client } = this.app;
    const { threadId, itemsNext, loading } = store.state;
    if (!itemsNext || loading) return;
    store.set({ loading: true });
    try {
      const page = await client.items(threadId, { after: itemsNext });
      if (store.state.threadId !== threadId) return;
      const items = [...merged([], page.data, { whole: true }), ...store.state.items];
      store.set({ items, itemsNext: cursor(page), loading: false });
    } catch (error) {
      store.set({ loading: false });
      this.app.warn(error);
    }
  }

  /** Look whether the open thread has moved on elsewhere. */
  async sync() {
    const { store, client } = this.app;
    const { threadId, thread, turn, pending, phase } = store.state;
    if (phase !== 'ready' || !threadId || !thread || isRunning(turn) || unsent(pending)) return;
    try {
      const now = await client.thread(threadId);
      const same = now.updated_at === thread.updated_at && now.active_turn_id === thread.active_turn_id;
      if (store.state.threadId !== threadId || same || isRunning(store.state.turn)) return;
      const page = await client.items(threadId);
      const wanted = () => store.state.threadId === threadId && !this.app.turns.busy;
      if (!wanted()) return;
      const { items, itemsNext } = store.state;
      await this.#show(now, merged(items, page.data), items.length ? itemsNext : cursor(page), wanted);
      this.list({ quiet: true });
    } catch (error) {
      if (error.status === 404) this.#gone(threadId);
      // Otherwise: this was only a look; the next one comes by itself.
    }
  }

  #gone(threadId) {
    if (this.app.store.state.threadId !== threadId) return;
    this.newChat();
    this.app.say('This conversation was deleted elsewhere.');
    this.list({ quiet: true });
  }

  /** After a turn has ended: take the server's items and title for what was shown so far. */
  async refresh(threadId) {
    const { store, client } = this.app;
    const [thread, page] = await Promise.all([client.thread(threadId), client.items(threadId)]);
    if (store.state.threadId !== threadId) return;
    store.set({ thread, items: merged(store.state.items, page.data) });
    this.list({ quiet: true });
    this.tell({ kind: 'threads', threadId });
  }

  async rename(id, title) {
    const { store, client } = this.app;
    try {
      const thread = await client.rename(id, title);
      this.#patch(id, { title: thread?.title ?? title });
      if (store.state.threadId === id) store.set({ thread: { ...store.state.thread, ...thread } });
      this.tell({ kind: 'threads' });
    } catch (error) {
      this.app.warn(error);
    }
  }

  async remove(id) {
    const { store, client } = this.app;
    try {
      await client.remove(id);
    } catch (error) {
      if (error.status !== 404) return this.app.warn(error);
    }
    const { threads } = store.state;
    store.set({ threads: { ...threads, data: threads.data.filter((thread) => thread.id !== id) } });
    if (store.state.threadId === id) this.newChat();
    this.tell({ kind: 'threads', threadId: id });
    return undefined;
  }

  #patch(id, change) {
    const { threads } = this.app.store.state;
    const data = threads.data.map((thread) => (thread.id === id ? { ...thread, ...change } : thread));
    this.app.store.set({ threads: { ...threads, data } });
  }
}

function cursor(page) {
  return page.has_more ? page.next : undefined;
}

/** A stored turn beside its items: the items hold the text, the turn only says how it ended. */
function settled(turn, items) {
  const answers = items.filter((item) => item.turn_id === turn.id && item.type === 'assistant_message');
  return answers.length ? { ...turn, parts: answers.map(({ id, text }) => ({ id, text: text ?? '' })) } : turn;
}

/** Threads: opening one, bringing it up to date, the list of all, names. What is said in them is the turns' business. */

import { joined } from '../state/drafts.js';
import { exportThread } from './export.js';
import { Found } from './found.js';

const PAGE = 30; // items that are drawn in one go
const LIST = 30;

/** What an event or a look says of a thread, as far as it is the open one. */
export function applyThread(kit, thread) {
  if (!thread?.id) return;
  const { id, title = null, status = { type: 'active' }, created_at: createdAt, allowed_image_domains: domains } = thread;
  kit.store.set({ thread: { id, title, status: statusOf(status), created_at: createdAt, allowed_image_domains: domains } });
}

/** Servers say `active`, or an object with a reason. */
function statusOf(status) {
  return typeof status === 'string' ? { type: status } : { type: 'active', ...status };
}

export class Threads {
  #opening = 0;
  #loading = null;
  #listing = null;
  #listed = null; // the transport whose threads are in the list

  constructor(kit) {
    this.kit = kit;
    this.found = new Found(kit);
    document.addEventListener('visibilitychange', this.#looked);
  }

  /** What happens elsewhere while nobody looks, a deleted thread say, is not always told. */
  #looked = () => {
    const { kit } = this;
    if (document.hidden || !kit.isUp || !kit.transport.connection) return;
    this.refresh().catch((error) => kit.report(error, { quiet: true })); // the next look comes by itself
  };

  /** Show a thread, null for a new one. Resolves once it is there. `perhaps`: where it is gone, a new one. */
  async open(threadId, { perhaps = false, again = false } = {}) {
    const { kit } = this;
    const { state } = kit.store;
    const isNew = threadId !== state.threadId;
    // A page that sets what it was told is open does not mean it to be read anew.
    if (!isNew && !again && threadId !== null) {
      await this.#loading;
      return;
    }
    kit.history?.uncover();
    this.#loading = this.#load(threadId, { perhaps, isNew });
    await this.#loading;
  }

  async #load(threadId, { perhaps, isNew }) {
    const { kit } = this;
    const turn = (this.#opening += 1);
    kit.chat.leave();
    kit.items.clear();
    kit.store.set({
      threadId, thread: null, loading: threadId !== null, earlier: null, error: null, progress: null, stopped: false, notices: [],
    });
    kit.place.set(threadId);
    if (isNew) kit.emit('thread.change', { threadId });
    if (threadId === null) return;
    kit.emit('thread.load.start', { threadId });
    let active = null;
    let isGone = false;
    try {
      active = await this.#read(threadId, turn);
    } catch (error) {
      if (turn !== this.#opening) return;
      isGone = error.status === 404;
      if (!isGone) {
        kit.store.set({ error: { message: error.message, retry: false, reload: true } });
        kit.report(error);
      }
    } finally {
      if (turn === this.#opening) kit.store.set({ loading: false });
      kit.emit('thread.load.end', { threadId });
    }
    if (isGone) await this.gone(threadId, { quiet: perhaps });
    else if (active && turn === this.#opening) void kit.chat.follow(active);
  }

  /** The server has no such thread any more, or never had: a new one in its place, with what was being written. */
  async gone(threadId, { quiet = false } = {}) {
    const { kit } = this;
    this.#relist((threads) => threads.filter(({ id }) => id !== threadId));
    if (threadId === kit.store.state.threadId) {
      kit.composer.drafts.keep();
      const draft = kit.drafts.get(threadId);
      if (draft) kit.drafts.set(null, joined(draft, kit.drafts.get(null)));
      await this.open(null);
    }
    if (!quiet) kit.history.say(kit.t('thread.gone'));
  }

  /** The thread and its newest items. -> the turn that runs in it */
  async #read(threadId, turn, fresh = true) {
    const { kit } = this;
    const said = kit.chat.begun;
    const { data: thread, activeTurn } = await kit.client.call('threads.get_by_id', { thread_id: threadId });
    let items = thread.items?.data ?? [];
    let earlier = null;
    if (thread.items?.has_more !== false) {
      const { data: page } = await kit.client.call('items.list', { thread_id: threadId, limit: PAGE, order: 'desc' });
      items = [...page.data].reverse();
      earlier = page.has_more ? (items[0]?.id ?? null) : null;
    }
    if (turn !== this.#opening || (!fresh && kit.chat.busy)) return null;
    // What was begun and has ended here meanwhile is not in what was read.
    if (kit.chat.begun !== said && !kit.chat.busy) return this.#read(threadId, turn, fresh);
    applyThread(kit, thread);
    const oldest = kit.items.first?.id;
    if (kit.chat.busy) kit.items.merge(items);
    else kit.items.renew(items);
    if (fresh || kit.items.first?.id !== oldest) kit.store.set({ earlier });
    kit.store.touch();
    return activeTurn;
  }

  /** The page before the oldest item that is shown. */
  async earlier() {
    const { kit } = this;
    const { earlier, threadId, loading } = kit.store.state;
    if (!earlier || loading) return;
    kit.store.set({ loading: true });
    try {
      const { data: page } = await kit.client.call('items.list', { thread_id: threadId, limit: PAGE, order: 'desc', after: earlier });
      if (kit.store.state.threadId !== threadId) return;
      kit.items.prepend([...page.data].reverse());
      kit.store.set({ earlier: page.has_more && page.data.length ? page.data.at(-1).id : null });
    } catch (error) {
      kit.fail(error);
    } finally {
      if (kit.store.state.threadId === threadId) kit.store.set({ loading: false });
    }
  }

  /** The chat has left the page: what is on its way comes too late. */
  close() {
    this.#opening += 1;
    this.#listing?.abort();
    this.found.stop();
    document.removeEventListener('visibilitychange', this.#looked);
  }

  /** Read anew what may have changed elsewhere. An answer that is being read here knows better. */
  async refresh() {
    const { kit } = this;
    const { threadId, history } = kit.store.state;
    if (!kit.isUp || kit.chat.busy) return;
    if (history.open) void this.list();
    if (threadId === null) return;
    const turn = this.#opening;
    let active;
    try {
      active = await this.#read(threadId, turn, false);
    } catch (error) {
      if (error.status !== 404) throw error;
      if (turn === this.#opening) await this.gone(threadId);
      return;
    }
    if (active && turn === this.#opening) void kit.chat.follow(active);
  }

  /** A new thread is about to be begun: what the page says about who is asked may be another by now. */
  async beginning() {
    try {
      await this.kit.transport.connection?.renew();
    } catch {
      // The page has been told by getClientSecret itself; the secret that there is may do as well.
    }
  }

  /** The server has made the thread that was asked for. */
  born(thread) {
    const { kit } = this;
    this.listed(thread);
    if (kit.store.state.threadId === thread.id) return;
    kit.store.set({ threadId: thread.id });
    kit.place.set(thread.id);
    kit.emit('thread.change', { threadId: thread.id });
  }

  /** A thread as it is now, in the list where that is loaded. */
  listed(thread) {
    const { threads } = this.kit.store.state.history;
    const entry = { id: thread.id, title: thread.title ?? null, created_at: thread.created_at };
    this.#relist((all) => all.map((one) => (one.id === thread.id ? { ...one, ...entry } : one)));
    if (threads.some(({ id }) => id === thread.id)) return;
    const { history } = this.kit.store.state;
    this.kit.store.set({ history: { ...history, threads: [entry, ...threads] } });
  }

  /** One change to all that is listed, and to all that was found. */
  #relist(change) {
    const { store } = this.kit;
    const { history } = store.state;
    const search = history.search && { ...history.search, threads: change(history.search.threads) };
    store.set({ history: { ...history, threads: change(history.threads), search } });
  }

  /** Whether the list has been asked for, of the server that is asked now. */
  get isListed() {
    return this.#listed !== null && this.#listed === this.kit.transport;
  }

  /** The first page of the list, or the next one. What is listed below the first page stays when that is read anew. */
  async list({ more = false } = {}) {
    const { kit } = this;
    if (!this.isListed) kit.store.set({ history: { ...kit.store.state.history, threads: [], after: null, search: null } });
    this.#listed = kit.transport;
    const { history } = kit.store.state;
    if (more && (!history.after || history.loading)) return;
    this.#listing?.abort();
    const { signal } = (this.#listing = new AbortController());
    kit.store.set({ history: { ...history, loading: true, failed: false } });
    try {
      const params = { limit: LIST, order: 'desc', ...(more && { after: history.after }) };
      const { data: page } = await kit.client.call('threads.list', params, { signal });
      if (signal.aborted) return;
      const now = kit.store.state.history;
      const { threads, after } = more ? followed(now, page) : renewed(now, page);
      kit.store.set({ history: { ...now, threads, after, loading: false } });
    } catch (error) {
      if (signal.aborted) return;
      kit.store.set({ history: { ...kit.store.state.history, loading: false, failed: true } });
      kit.report(error);
    }
  }

  async rename(threadId, title) {
    const { kit } = this;
    try {
      const { data: thread } = await kit.client.call('threads.update', { thread_id: threadId, title });
      this.listed({ id: threadId, title, ...thread });
      if (kit.store.state.threadId === threadId) applyThread(kit, { ...kit.store.state.thread, ...thread, id: threadId });
    } catch (error) {
      await this.#refused(threadId, error);
    }
  }

  async remove(threadId) {
    const { kit } = this;
    try {
      await kit.client.call('threads.delete', { thread_id: threadId });
    } catch (error) {
      if (error.status !== 404) {
        await this.#refused(threadId, error);
        return;
      }
    }
    this.#relist((threads) => threads.filter(({ id }) => id !== threadId));
    kit.drafts.set(threadId, undefined);
    kit.announce(kit.t('history.deleted'));
    if (kit.store.state.threadId === threadId) await this.open(null);
  }

  /** A file of it, for the person to keep. */
  async export(thread) {
    try {
      await exportThread(this.kit, thread);
    } catch (error) {
      await this.#refused(thread.id, error);
    }
  }

  /** What a person wanted of a listed thread did not work. */
  async #refused(threadId, error) {
    const { kit } = this;
    if (error.status === 404) {
      await this.gone(threadId);
      return;
    }
    kit.history.say(error.message, { level: 'danger' });
    kit.report(error);
  }
}

/** The list with its next page. */
function followed({ threads }, page) {
  const known = new Set(threads.map(({ id }) => id));
  return { threads: [...threads, ...page.data.filter(({ id }) => !known.has(id))], after: page.has_more ? (page.data.at(-1)?.id ?? null) : null };
}

/** The list with its first page as that is now, and below that what was there already. */
function renewed({ threads, after }, page) {
  const last = page.data.at(-1)?.id;
  if (!page.has_more || !last) return { threads: page.data, after: null };
  const read = new Set(page.data.map(({ id }) => id));
  const at = threads.findIndex(({ id }) => id === last);
  const rest = at < 0 ? [] : threads.slice(at + 1).filter(({ id }) => !read.has(id));
  return rest.length ? { threads: [...page.data, ...rest], after } : { threads: page.data, after: last };
}

/** Threads: opening one, bringing it up to date, the list of all, names. What is said in them is the turns' business. */

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

  constructor(kit) {
    this.kit = kit;
  }

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
    kit.history?.hide();
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
    try {
      active = await this.#read(threadId, turn);
    } catch (error) {
      if (turn !== this.#opening) return;
      if (perhaps && error.status === 404) {
        await this.open(null);
        return;
      }
      kit.store.set({ error: { message: error.message, retry: false, reload: true } });
      kit.report(error);
    } finally {
      if (turn === this.#opening) kit.store.set({ loading: false });
      kit.emit('thread.load.end', { threadId });
    }
    if (active && turn === this.#opening) void kit.chat.follow(active);
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
  }

  /** Read anew what may have changed elsewhere. An answer that is being read here knows better. */
  async refresh() {
    const { kit } = this;
    const { threadId, history } = kit.store.state;
    if (history.open) void this.list();
    if (threadId === null || kit.chat.busy) return;
    const turn = this.#opening;
    const active = await this.#read(threadId, turn, false);
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
    const { history } = this.kit.store.state;
    const known = history.threads.some(({ id }) => id === thread.id);
    const entry = { id: thread.id, title: thread.title ?? null, created_at: thread.created_at };
    const threads = known ? history.threads.map((one) => (one.id === thread.id ? { ...one, ...entry } : one)) : [entry, ...history.threads];
    this.kit.store.set({ history: { ...history, threads } });
  }

  /** The first page of the list, or the next one. */
  async list({ more = false } = {}) {
    const { kit } = this;
    const { history } = kit.store.state;
    if (history.loading || (more && !history.after)) return;
    kit.store.set({ history: { ...history, loading: true, failed: false } });
    try {
      const params = { limit: LIST, order: 'desc', ...(more && { after: history.after }) };
      const { data: page } = await kit.client.call('threads.list', params);
      const before = more ? kit.store.state.history.threads : [];
      const known = new Set(before.map(({ id }) => id));
      const threads = [...before, ...page.data.filter(({ id }) => !known.has(id))];
      const after = page.has_more && page.data.length ? page.data.at(-1).id : null;
      kit.store.set({ history: { ...kit.store.state.history, threads, after, loading: false } });
    } catch (error) {
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
      kit.fail(error);
    }
  }

  async remove(threadId) {
    const { kit } = this;
    try {
      await kit.client.call('threads.delete', { thread_id: threadId });
    } catch (error) {
      kit.fail(error);
      return;
    }
    const { history } = kit.store.state;
    kit.store.set({ history: { ...history, threads: history.threads.filter(({ id }) => id !== threadId) } });
    kit.drafts.set(threadId, undefined);
    kit.announce(kit.t('history.deleted'));
    if (kit.store.state.threadId === threadId) await this.open(null);
  }
}

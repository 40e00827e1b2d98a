/** Conversations found by their words. The protocol has no search: this server's own API is asked, which a connection reaches. */

const WAIT = 250; // ms after the last key
const MOST = 30;

export class Found {
  #timer;
  #asked = null;

  constructor(kit) {
    this.kit = kit;
  }

  /** What is looked for now; the empty text is the end of it. `soon`: somebody may still be typing. */
  search(query, { soon = true } = {}) {
    this.stop();
    if (!query) {
      this.#set(null);
      return;
    }
    const { search } = this.kit.store.state.history;
    this.#set({ query, threads: search?.threads ?? [], after: null, loading: true, failed: false });
    this.#timer = setTimeout(() => void this.#read(query), soon ? WAIT : 0);
  }

  more() {
    const { search } = this.kit.store.state.history;
    if (!search?.after || search.loading) return;
    this.#set({ ...search, loading: true });
    void this.#read(search.query, search.after);
  }

  /** What is on its way comes too late. */
  stop() {
    clearTimeout(this.#timer);
    this.#asked?.abort();
  }

  #set(search) {
    const { store } = this.kit;
    store.set({ history: { ...store.state.history, search } });
  }

  async #read(query, after = null) {
    const { kit } = this;
    const { signal } = (this.#asked = new AbortController());
    try {
      const page = await this.#page({ q: query, limit: MOST, ...(after && { after }) }, signal);
      if (signal.aborted) return;
      const before = after ? kit.store.state.history.search.threads : [];
      const known = new Set(before.map(({ id }) => id));
      const threads = [...before, ...page.data.filter(({ id }) => !known.has(id))];
      this.#set({ query, threads, after: page.has_more ? page.next : null, loading: false, failed: false });
      if (threads.length) kit.announce(kit.t('history.found', { count: threads.length }));
    } catch (error) {
      if (signal.aborted) return;
      this.#set({ ...kit.store.state.history.search, loading: false, failed: true });
      kit.report(error);
    }
  }

  async #page(params, signal) {
    const { kit } = this;
    const address = new URL(`api/threads?${new URLSearchParams(params)}`, kit.backend).href;
    const response = await kit.transport.connection.api.fetch(address, { signal });
    if (!response.ok) throw await kit.client.refusal(response);
    return response.json();
  }
}

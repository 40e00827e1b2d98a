/** The open thread in the address, in one way for both elements, so that either opens what the other has shown. */

export const place = {
  get() {
    return new URLSearchParams(location.hash.slice(1)).get('thread');
  },

  /** @param {string|null} threadId @param {'push' | 'replace'} how whether the back button comes back to the thread before */
  set(threadId, how = 'push') {
    if (threadId === this.get()) return;
    const address = threadId ? `#thread=${encodeURIComponent(threadId)}` : location.pathname + location.search;
    if (how === 'push') history.pushState(null, '', address);
    else history.replaceState(null, '', address);
  },
};

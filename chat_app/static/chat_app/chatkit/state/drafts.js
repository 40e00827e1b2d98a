/** Unsent messages, kept in this browser for each thread of a server. Never a credential, never an answer. */

const PREFIX = 'chatkit.drafts ';
const MOST = 50;

export class Drafts {
  /** @param {() => string} server whose threads they belong to */
  constructor(server) {
    this.server = server;
  }

  get(threadId) {
    return this.#read()[threadId ?? ''];
  }

  /** @param {object|undefined} value undefined: there is none any more */
  set(threadId, value) {
    const drafts = this.#read();
    delete drafts[threadId ?? ''];
    if (value !== undefined) drafts[threadId ?? ''] = value;
    try {
      const newest = Object.entries(drafts).slice(-MOST);
      if (newest.length) localStorage.setItem(PREFIX + this.server(), JSON.stringify(Object.fromEntries(newest)));
      else localStorage.removeItem(PREFIX + this.server());
    } catch {
      // Storage is off or full: the chat works, it only forgets.
    }
  }

  #read() {
    try {
      const kept = JSON.parse(localStorage.getItem(PREFIX + this.server()));
      return kept && typeof kept === 'object' ? kept : {};
    } catch {
      return {}; // storage is off, or holds something of another version
    }
  }
}

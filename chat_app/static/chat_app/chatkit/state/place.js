/** Where somebody was: the thread that a tab has open, which ends with the tab; and the list beside the chat, folded away or not. */

const PREFIX = 'chatkit.thread ';
const FOLDED = 'chatkit.folded';

export class Place {
  /** @param {() => string} server whose threads they are */
  constructor(server) {
    this.server = server;
  }

  get() {
    try {
      return sessionStorage.getItem(PREFIX + this.server());
    } catch {
      return null; // storage is off: a reload begins anew
    }
  }

  set(threadId) {
    try {
      if (threadId) sessionStorage.setItem(PREFIX + this.server(), threadId);
      else sessionStorage.removeItem(PREFIX + this.server());
    } catch {
      // Storage is off: a reload begins anew.
    }
  }
}

/** Whether the list beside the chat is folded away, in this browser. */
export const fold = {
  get() {
    try {
      return localStorage.getItem(FOLDED) !== null;
    } catch {
      return false; // storage is off: a reload shows it
    }
  },
  set(folded) {
    try {
      if (folded) localStorage.setItem(FOLDED, '1');
      else localStorage.removeItem(FOLDED);
    } catch {
      // Storage is off: a reload shows it.
    }
  },
};

/** Which thread a tab has open, so that a reload comes back to it. It ends with the tab. */

const PREFIX = 'chatkit.thread ';

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

/** What is not sent yet, thread by thread: kept a moment after the last change, and when the page goes. */

const SOON = 400; // ms

export class Drafts {
  #kit;
  #read;
  #timer;

  threadId; // undefined until the first thread is known; null is the new chat

  /** @param {() => object|undefined} read gives the draft as it is now */
  constructor(kit, read) {
    this.#kit = kit;
    this.#read = read;
    addEventListener('pagehide', this.keep);
    document.addEventListener('visibilitychange', this.#hidden);
  }

  soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.keep, SOON);
  }

  keep = () => {
    clearTimeout(this.#timer);
    if (this.threadId !== undefined) this.#kit.drafts.set(this.threadId, this.#read());
  };

  #hidden = () => {
    if (document.visibilityState === 'hidden') this.keep();
  };

  /** The draft now belongs to a thread that has come to be: it goes from the new chat to that. */
  move(threadId) {
    clearTimeout(this.#timer);
    this.#kit.drafts.set(this.threadId, undefined);
    this.threadId = threadId;
    this.keep();
  }

  destroy() {
    this.keep();
    removeEventListener('pagehide', this.keep);
    document.removeEventListener('visibilitychange', this.#hidden);
  }
}

/**
 * Asks the client to read the open thread anew when it has changed elsewhere: as soon as the client listens (what it has
 * read it keeps for some seconds, and a call in between does nothing), and never while it streams an answer itself.
 */

const SLACK = 150; // also after the end of a stream, which the client must first see
const TRIES = 6;

export class Updates {
  #timer = null;
  #wanted = new Set(); // the turns that have news; '' for news of no turn
  #holds = 0;
  #reads = 0;
  #misses = 0;

  /**
   * @param {() => {fetchUpdates(): Promise<void>} | null} element
   * @param {(turnId: string) => boolean} isOwn whether this page has streamed a turn itself
   * @param {number} every milliseconds for which the client keeps what it has read
   */
  constructor(element, isOwn, every) {
    Object.assign(this, { element, isOwn, every });
    this.readAt = -Infinity;
  }

  /** The client has just read the open thread, for whatever reason. */
  read() {
    this.readAt = Date.now();
    this.#reads += 1;
    this.#misses = 0;
  }

  /** Another thread is open. */
  forget() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#wanted.clear();
    this.readAt = -Infinity;
  }

  /** Something has changed: what the client reads after this call has it. */
  soon(turnId = '') {
    this.#wanted.add(turnId);
    this.#schedule();
  }

  /** The client streams: until as many releases have come. Only then it is known which turn was its own. */
  hold() {
    this.#holds += 1;
  }

  release() {
    this.#holds -= 1;
    for (const turnId of this.#wanted) if (this.isOwn(turnId)) this.#wanted.delete(turnId);
    this.#schedule();
  }

  close() {
    this.forget();
    this.closed = true;
  }

  #schedule() {
    if (this.#timer !== null || this.#wanted.size === 0 || this.#holds > 0 || this.closed) return;
    const wait = Math.max(SLACK, this.readAt + this.every + SLACK - Date.now());
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#holds === 0) this.#fetch();
    }, wait);
  }

  async #fetch() {
    const element = this.element();
    if (this.#wanted.size === 0 || typeof element?.fetchUpdates !== 'function') return;
    this.#wanted.clear();
    this.readAt = Date.now(); // what comes while it reads is for the next time
    const before = this.#reads;
    try {
      await element.fetchUpdates();
    } catch (error) {
      console.warn('connect: the chat could not be brought up to date.', error);
    }
    if (this.#reads > before || this.closed) return;
    // It has read nothing, since it still had what it knew: once more when that is too old, but not for ever.
    this.#misses += 1;
    if (this.#misses < TRIES) this.soon();
  }
}

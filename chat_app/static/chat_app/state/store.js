/** What the page knows, in one object, and who is told when it changes. Nobody but the actions calls `set`. */

/** @returns the state of a page that has just been opened */
export function initial() {
  return {
    phase: 'starting', // starting | ready | locked (nobody may chat without signing in) | down
    trouble: undefined, // why, in words, where phase is locked or down
    models: [],
    model: undefined, // the id that the next message asks for
    threads: { data: [], next: undefined, query: '', loading: false, failed: undefined },
    threadId: undefined,
    thread: undefined,
    items: [], // of the open thread, oldest first
    itemsNext: undefined, // cursor of the page before
    loading: false,
    pending: undefined, // {key, text, threadId, model, turnId?, error?} the message that was sent last from here
    names: {}, // item id -> the key under which a message was shown before it was stored
    turn: undefined, // the newest turn of the open thread, as fold.js makes it
    rated: {}, // item id -> what the person just made of it here, whatever a look at the server still says
    ends: {}, // turn id -> {requested, error, usage} of turns that ended while the page looked on
    stopping: false,
    link: 'open', // open | lost
    banner: undefined, // {level, text, until?, actions: [{label, run}]}
  };
}

export class Store {
  #state = initial();
  #listeners = new Set();
  #due = false;

  get state() {
    return this.#state;
  }

  /** Merge a patch into the state; listeners hear of it once a frame. */
  set(patch) {
    this.#state = { ...this.#state, ...patch };
    if (this.#due) return;
    this.#due = true;
    const tell = () => {
      if (!this.#due) return;
      this.#due = false;
      for (const listener of this.#listeners) listener(this.#state);
    };
    // A page in the background gets no frames.
    if (document.hidden) setTimeout(tell, 100);
    else {
      requestAnimationFrame(tell);
      setTimeout(tell, 250);
    }
  }

  /** @returns {() => void} stops telling this listener */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

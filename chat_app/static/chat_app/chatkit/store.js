/** What the chat shows, in one object, and who is told when it changes. Only the actions call `set`. */

export function initial() {
  return {
    phase: 'starting', // starting | ready | failed
    trouble: '', // why, where it failed
    threadId: null,
    thread: null, // {id, title, status}
    loading: false,
    earlier: null, // the id before which more items can be had, null where there are none
    responding: false,
    canStop: false,
    stopping: false,
    stopped: false, // by the person, and the answer that ended so is the last one
    progress: null, // {text, icon}
    notices: [], // {id, level, title, message}
    error: null, // {message, retry}
    link: 'open', // open | lost
    offline: false,
    history: { open: false, threads: [], after: null, loading: false, failed: false },
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
    this.touch();
  }

  /** Something that hangs on the state, the items say, has changed. */
  touch() {
    if (this.#due) return;
    this.#due = true;
    const tell = () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      this.#due = false;
      for (const listener of this.#listeners) listener(this.#state);
    };
    // A page in the background gets no frames.
    const frame = requestAnimationFrame(tell);
    const timer = setTimeout(tell, document.hidden ? 100 : 250);
  }

  /** @returns {() => void} stops telling this listener */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Which backend is asked: the one where a thread lives, then the other; and where new threads go while the first is away. */

const STORED = 'chatbackend.connect.threads';
const MOST = 200;
const AWAY_FOR = 30_000;

export class Routes {
  #elsewhere; // ids of the threads that live on the fallback

  /** @param {import('./backend.js').Backend[]} backends the first, and perhaps its fallback */
  constructor(backends) {
    this.backends = backends;
    this.#elsewhere = new Set(stored());
  }

  /** The backends to ask, in order. */
  order(threadId) {
    const [first, second] = this.backends;
    if (!second) return [first];
    const swap = threadId ? this.#elsewhere.has(threadId) : isAway(first) && !isAway(second);
    return swap ? [second, first] : [first, second];
  }

  /** Where a thread lives. */
  home(threadId) {
    return this.order(threadId)[0];
  }

  /** How often a backend is tried: once only while it is known to be away and another may answer. */
  tries(backend, most) {
    return this.backends.length > 1 && isAway(backend) ? 1 : most;
  }

  failed(backend) {
    backend.awayUntil = Date.now() + AWAY_FOR;
  }

  answered(backend) {
    backend.awayUntil = 0;
  }

  /** A thread was begun on this backend: it stays there, also after a reload. */
  born(threadId, backend) {
    if (backend === this.backends[0]) return;
    this.#elsewhere.add(threadId);
    try {
      sessionStorage.setItem(STORED, JSON.stringify([...this.#elsewhere].slice(-MOST)));
    } catch {
      // Storage is off or full: the thread is found again by asking both.
    }
  }
}

function isAway(backend) {
  return backend.awayUntil > Date.now();
}

function stored() {
  try {
    const ids = JSON.parse(sessionStorage.getItem(STORED));
    return Array.isArray(ids) ? ids : [];
  } catch {
    return [];
  }
}

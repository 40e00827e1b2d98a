/**
 * Turns that run in the open thread without having been asked for here: after a reload, in another tab, by the server. Whoever
 * shows the thread is told of them, claims them, follows them live and stops them. What happens to their news is said by
 * `isClaimed`; where they are heard of is `news.js`.
 */

import { answer, isStream } from './answer.js';
import { persist } from './backoff.js';
import { SELF } from './calls.js';

const OVER = 204;

export class Running {
  #claims = new Map(); // of each turn, how many follow it
  #beginning = 0;
  #heard = new Map(); // turns that were heard of while a request of this page's own was on its way -> their threads

  /**
   * @param {import('./routes.js').Routes} routes
   * @param {object} timing
   * @param {string} self what the connector says of itself to the server, see `calls.js`
   * @param {((turnId: string, threadId: string) => void) | undefined} onTurn
   */
  constructor(routes, timing, self, onTurn) {
    Object.assign(this, { routes, timing, self, onTurn });
  }

  /** @param {object} how @param {(turnId: string) => boolean} how.isOwn @param {import('./updates.js').Updates} how.updates */
  tell({ isOwn, updates, onLink }) {
    Object.assign(this, { isOwn, updates, onLink });
  }

  isClaimed(turnId) {
    return this.#claims.has(turnId);
  }

  /** Somebody shows this turn as it is written: its news are none, and the client is not asked to read meanwhile. */
  claim(turnId) {
    this.#claims.set(turnId, (this.#claims.get(turnId) ?? 0) + 1);
    this.updates.hold();
  }

  /** As many releases as claims end it: a moment later, since its last word may come by the socket behind the stream's end. */
  release(turnId) {
    if (!this.#claims.get(turnId)) return;
    this.updates.release();
    const left = this.#claims.get(turnId) - 1;
    this.#claims.set(turnId, left);
    if (left === 0) setTimeout(() => this.#forget(turnId), this.timing.updates);
  }

  #forget(turnId) {
    if (this.#claims.get(turnId) === 0) this.#claims.delete(turnId);
  }

  /** A turn runs in the open thread. It may be the one that a request on its way has begun: then nothing is said of it. */
  hears(turnId, threadId) {
    if (this.#beginning > 0) this.#heard.set(turnId, threadId);
    else this.onTurn?.(turnId, threadId);
  }

  /** A request is sent that begins a turn, whose name is not known yet. */
  begins() {
    this.#beginning += 1;
  }

  /** Its turn is known, or it has begun none. */
  hasBegun() {
    this.#beginning -= 1;
    if (this.#beginning > 0) return;
    const heard = [...this.#heard];
    this.#heard.clear();
    for (const [turnId, threadId] of heard) if (!this.isOwn(turnId)) this.onTurn?.(turnId, threadId);
  }

  /**
   * The events of a turn, from its first one or behind `lastEventId`: one stream, whatever happens to the connections behind
   * it. -> the server's answer where it is none: 204 where nothing is left to come, 404 where there is no such turn
   * @param {AbortSignal} [signal] ends the stream, never the turn
   * @throws what the last try threw, and AbortError
   */
  async reattach(turnId, lastEventId, signal, threadId) {
    const backend = this.routes.home(threadId);
    this.claim(turnId);
    let response;
    try {
      const ask = () => this.#ask(backend, turnId, lastEventId, signal);
      response = await persist(ask, { tries: this.timing.tries, timing: this.timing, signal });
    } catch (error) {
      this.#giveUp(turnId);
      throw error;
    }
    if (!isStream(response)) {
      if (response.status === OVER) this.release(turnId);
      else this.#giveUp(turnId);
      return response;
    }
    return answer(response, {
      reattach: (last) => this.#ask(backend, turnId, last, signal),
      last: lastEventId ?? '',
      signal,
      timing: this.timing,
      onLink: (state) => this.onLink(state, backend),
      onEnd: (how) => (how === 'lost' ? this.#giveUp(turnId) : this.release(turnId)),
    });
  }

  /** It cannot be followed: what it says is to be read. */
  #giveUp(turnId) {
    this.release(turnId);
    this.updates.soon();
  }

  #ask(backend, turnId, lastEventId, signal) {
    const url = new URL(backend.url);
    url.pathname += `/turns/${encodeURIComponent(turnId)}/events`;
    const headers = { Accept: 'text/event-stream', [SELF]: this.self, ...(lastEventId ? { 'Last-Event-ID': lastEventId } : {}) };
    return backend.send(url.href, { headers, signal }, this.timing.answer);
  }

  /** Stop a turn, as often as it takes to get through. -> whether the backend has taken it; never rejects */
  async stop(turnId, threadId) {
    try {
      return await this.routes.home(threadId).cancel(turnId);
    } catch (error) {
      console.warn('connect: the answer could not be stopped.', error);
      return false;
    }
  }
}

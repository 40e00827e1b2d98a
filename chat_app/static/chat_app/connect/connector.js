/**
 * The `fetch` that the official client is given: each of its operations on its way to a backend and back. What it lacks is
 * put together here: the secret, patience, a second backend, an answer that survives the network, a Stop that is one.
 */

import { answer, isStream } from './answer.js';
import { AWAY, persist, stopped } from './backoff.js';
import { Keys, SELF, readCall, readRequest } from './calls.js';
import { frameOf } from './frames.js';

const MOST_OWN = 200;
const AWAY_HEADER = { 'X-Chat-Away': '1' }; // for who would rather wait than hear it in words

export class Connector {
  #own = new Set();
  #status = '';

  /** @param {string} self what the connector says of itself to the server, see `calls.js` */
  constructor(routes, timing, running, self, onStatus) {
    Object.assign(this, { routes, timing, running, self, onStatus });
    this.keys = new Keys();
    this.primary = routes.backends[0];
  }

  /** @param {import('./news.js').News} news @param {import('./updates.js').Updates} updates */
  tell(news, updates) {
    Object.assign(this, { news, updates });
    const onLink = (state, backend) => this.#link(state, backend);
    this.running.tell({ isOwn: (turnId) => this.isOwn(turnId), updates, onLink });
  }

  /** Whether this page streams that turn itself, or has done so just now. */
  isOwn(turnId) {
    return this.#own.has(turnId) || this.running.isClaimed(turnId);
  }

  async fetch(input, init) {
    const request = await readRequest(input, init);
    const call = request.url === this.primary.url ? readCall(request) : null;
    if (!call) return this.#forward(request);
    return call.streams ? this.#stream(call, request) : this.#plain(call, request);
  }

  /** The client shows this thread now; null for none. */
  show(threadId) {
    if (this.closed || threadId === this.news.threadId) return;
    this.updates.forget();
    if (threadId) this.news.open(threadId, this.routes.home(threadId));
    else this.news.close();
  }

  /** Whatever is no operation: with the secret to a backend (uploads), as it is to anybody else. */
  #forward({ url, init, signal }) {
    const { origin } = new URL(url);
    const backend = this.routes.backends.find((one) => one.origin === origin);
    const whole = { ...init, signal };
    return backend ? backend.send(url, whole) : this.primary.fetch(url, whole);
  }

  async #plain(call, { init, signal }) {
    const headers = new Headers(init.headers);
    headers.set(SELF, this.self);
    const { response, backend } = await this.#ask(call, { ...init, headers, signal }, signal);
    if (call.reads && response.ok) this.#hasRead(call.threadId, backend, response.headers.get('X-Active-Turn-Id'));
    return response;
  }

  #hasRead(threadId, backend, activeTurnId) {
    if (!this.told && threadId !== this.news.threadId) this.show(threadId);
    if (threadId !== this.news.threadId) return;
    this.updates.read();
    if (activeTurnId) this.news.active(activeTurnId);
  }

  /**
   * Ask one backend after the other, each with patience. -> the answer and whose it is; the last one's, where none is good
   * @throws what the first threw, where none has answered
   */
  async #ask(call, init, signal, timeout) {
    let best;
    let failure;
    for (const backend of this.routes.order(call.threadId)) {
      const tries = this.routes.tries(backend, call.once ? 1 : this.timing.tries);
      try {
        const response = await persist(() => backend.send(backend.url, init, timeout), {
          tries, timing: this.timing, signal, onWait: () => this.#say('retrying', backend),
        });
        if (!AWAY.has(response.status)) {
          this.routes.answered(backend);
          // A thread that only the other one has: that one's failure is what there is to say.
          if ((best || failure) && response.status === 404 && call.threadId) break;
          this.#say(backend === this.primary ? 'connected' : 'fallback', backend);
          return { response, backend };
        }
        best ??= { response, backend };
      } catch (error) {
        if (signal?.aborted) {
          if (this.#status === 'retrying') this.#say('failed', backend);
          throw error;
        }
        failure ??= error;
      }
      this.routes.failed(backend);
    }
    this.#say('failed', this.primary);
    if (best) return best;
    throw failure;
  }

  async #stream(call, request) {
    this.running.begins();
    try {
      return await this.#streamed(call, request);
    } finally {
      this.running.hasBegun();
    }
  }

  async #streamed(call, { init, signal }) {
    const headers = new Headers(init.headers);
    const key = headers.get('Idempotency-Key') ?? this.keys.keyOf(call, init); // who gives one knows what is the same
    headers.set(SELF, this.self);
    headers.set('Idempotency-Key', key);
    const sent = { ...init, headers };
    this.updates.hold();
    let begun;
    try {
      begun = await this.#begin(call, sent, signal);
    } catch (error) {
      this.updates.release();
      if (signal?.aborted) throw error;
      this.keys.keep(init, key);
      return inWords({ message: 'The chat cannot be reached just now. Please try again.' }, AWAY_HEADER);
    }
    const { response, backend } = begun;
    if (AWAY.has(response.status)) this.keys.keep(init, key);
    else this.keys.drop(init);
    if (!isStream(response)) {
      this.updates.release();
      const said = await response.json().catch(() => ({}));
      const message = said.message ?? said.detail ?? `The chat cannot answer just now (${response.status}).`;
      return inWords({ message }, AWAY.has(response.status) ? AWAY_HEADER : {});
    }
    return this.#follow(call, sent, response, backend, signal);
  }

  /**
   * Start a turn. The user may stop it before its name is known: then it is stopped as soon as that is. Only so it is
   * certain that it does not go on unseen.
   */
  async #begin(call, init, signal) {
    signal?.throwIfAborted();
    const asked = this.#ask(call, init, signal, this.timing.answer);
    if (!signal) return asked;
    let onAbort;
    const aborted = new Promise((_, reject) => {
      onAbort = () => reject(stopped());
      signal.addEventListener('abort', onAbort);
    });
    try {
      return await Promise.race([asked, aborted]);
    } catch (error) {
      if (signal.aborted) asked.then(({ response, backend }) => this.#stopUnseen(response, backend), () => {});
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #stopUnseen(response, backend) {
    const turnId = response.headers.get('X-Turn-Id');
    if (turnId) this.#cancel(turnId, backend);
    response.body?.cancel();
  }

  #follow(call, init, response, backend, signal) {
    const turnId = response.headers.get('X-Turn-Id');
    const threadId = response.headers.get('X-Thread-Id') ?? call.threadId;
    if (turnId) this.#claim(turnId);
    if (threadId && call.type === 'threads.create') this.routes.born(threadId, backend);
    if (threadId && (!this.told || call.type === 'threads.create')) this.show(threadId);
    const reattach = (lastEventId) => {
      const headers = new Headers(init.headers);
      if (lastEventId) headers.set('Last-Event-ID', lastEventId);
      return backend.send(backend.url, { ...init, headers }, this.timing.answer);
    };
    return answer(response, {
      // A server that names no turn has no record of it to go on from.
      reattach: turnId ? reattach : null,
      signal,
      timing: this.timing,
      onLink: (state) => this.#link(state, backend),
      onEnd: (how) => {
        this.updates.release();
        if (how === 'lost') this.#say('failed', backend);
        // A stream may end before its turn, where its session does: then what the turn says later is news.
        if (how === 'ended') setTimeout(() => this.#own.delete(turnId), this.timing.updates);
        else if (turnId) this.#part(turnId, backend, how === 'stopped');
      },
    });
  }

  /** The turn goes on, or ends, without being streamed here: from now on it is news, like anybody's. */
  #part(turnId, backend, stop) {
    this.#own.delete(turnId);
    this.updates.soon(turnId);
    if (stop) this.#cancel(turnId, backend);
  }

  #claim(turnId) {
    this.#own.add(turnId);
    if (this.#own.size > MOST_OWN) this.#own.delete(this.#own.values().next().value);
  }

  #cancel(turnId, backend) {
    backend.cancel(turnId).catch((error) => console.warn('connect: the answer could not be stopped.', error));
  }

  #link(state, backend) {
    this.#say(state === 'lost' ? 'reconnecting' : 'connected', backend);
  }

  #say(state, backend) {
    if (state === this.#status) return;
    this.#status = state;
    this.onStatus?.({ state, url: backend.url });
  }
}

/**
 * What no stream can be had for, as an event of a stream. The client keeps silent about a refusal and lets the user's message
 * vanish; and what has failed after so many tries it would try all over again.
 */
function inWords({ message }, more) {
  const frame = frameOf({ type: 'error', code: 'custom', message, allow_retry: false });
  return new Response(frame, { headers: { 'Content-Type': 'text/event-stream', ...more } });
}

/**
 * What happens to the open thread elsewhere: another tab, another device, the server. One socket, opened anew when it breaks.
 * It says that something changed and in which turn, never what. Where sockets do not get through, the client's own reads
 * tell that a turn runs (`active`), and that is news enough.
 */

import { pause, sleep } from './backoff.js';

const TURN_OVER = new Set(['response', 'error', 'completed', 'failed', 'cancelled', 'interrupted']);
const PASSING = new Set(['progress', 'notice', 'effect', 'pong']);
const BAD_CREDENTIAL = 4401;
const CONNECTING = 0;

export class News {
  #watch = null;

  /**
   * @param {(turnId: string) => boolean} isOwn whether this page streams that turn itself
   * @param {(turnId?: string) => void} changed
   * @param {object} timing
   * @param {object} [told]
   * @param {(turnId: string, threadId: string) => void} [told.onTurn] a turn runs that this page does not stream
   * @param {() => void} [told.onThreads] a title has changed, or which thread is the newest
   */
  constructor(isOwn, changed, timing, { onTurn, onThreads } = {}) {
    Object.assign(this, { isOwn, changed, timing, onTurn, onThreads });
  }

  get threadId() {
    return this.#watch?.threadId ?? null;
  }

  /** Watch this thread from now on, and no other. */
  open(threadId, backend) {
    if (this.threadId === threadId) return;
    this.close();
    this.#watch = new Watch(this, threadId, backend);
  }

  /** A turn was running in the open thread when the client read it: what it has read is not all. */
  active(turnId) {
    if (this.isOwn(turnId)) return;
    this.onTurn?.(turnId, this.threadId);
    if (!this.isOwn(turnId)) this.changed(turnId); // nobody has claimed it
  }

  close() {
    this.#watch?.close();
    this.#watch = null;
  }
}

class Watch {
  #refusals = 0;
  #met = false;

  constructor(news, threadId, backend) {
    Object.assign(this, { news, threadId, backend, timing: news.timing });
    this.over = new AbortController();
    this.#stay();
  }

  close() {
    this.over.abort();
    clearInterval(this.pinging);
    const { socket } = this;
    if (socket?.readyState === CONNECTING) socket.onopen = () => socket.close(); // a browser complains of less patience
    else socket?.close();
  }

  /** Keep a socket for as long as the thread is open. */
  async #stay() {
    for (let attempt = 0; !this.over.signal.aborted; attempt += 1) {
      try {
        const { code, wasReady } = await this.#once();
        if (wasReady) attempt = 0;
        if (code !== BAD_CREDENTIAL) this.#refusals = 0;
        else if (this.#refusals > 0) return; // the renewed secret is no better: there is no way in
        else {
          this.#refusals = 1;
          await this.backend.secret?.renew(this.token);
        }
      } catch {
        // No secret to be had just now, or no sockets here at all. The client's own reads go on telling what is new.
      }
      await sleep(pause(attempt, this.timing), this.over.signal).catch(() => {}); // closed: the loop ends
    }
  }

  /** One socket, to its end. -> its close code, and whether it had come up */
  async #once() {
    this.token = await this.backend.token();
    if (this.over.signal.aborted) return {};
    const url = this.backend.at('ws/chat').replace(/^http/, 'ws');
    // A subprotocol, not a first message: like any credential that is named it beats the cookies of the browser.
    const socket = new WebSocket(url, this.token === null ? [] : ['chat', this.token]);
    const state = { wasReady: false };
    this.socket = socket;
    socket.onmessage = ({ data }) => this.#hear(socket, state, data);
    const closed = await new Promise((resolve) => {
      socket.onclose = resolve;
    });
    clearInterval(this.pinging);
    return { code: closed.code, wasReady: state.wasReady };
  }

  #hear(socket, state, data) {
    const message = parse(data);
    if (!message || this.over.signal.aborted) return;
    if (message.type === 'ready') this.#greeted(socket, state, message);
    else if (message.code === 'not_found' && !message.turn_id) this.close(); // the thread is gone
    else if (!PASSING.has(message.type)) this.#heard(message);
  }

  #greeted(socket, state, message) {
    if (message.thread_id !== this.threadId) {
      socket.send(JSON.stringify({ type: 'follow', thread_id: this.threadId }));
      return;
    }
    if (state.wasReady) return;
    state.wasReady = true;
    this.#refusals = 0;
    this.pinging = setInterval(() => socket.send('{"type":"ping"}'), this.timing.ping);
    if (this.#met) this.news.changed(); // what was said while there was no socket has been missed
    this.#met = true;
    const { active_turn_id: turnId } = message;
    if (turnId) this.news.active(turnId);
  }

  #heard({ type, turn_id: turnId }) {
    if (type === 'thread' || (type === 'turn' && !this.news.isOwn(turnId))) this.news.onThreads?.();
    if (type === 'turn') this.news.active(turnId);
    else if (turnId ? !this.news.isOwn(turnId) : !TURN_OVER.has(type)) this.news.changed(turnId);
  }
}

function parse(data) {
  try {
    return JSON.parse(data);
  } catch {
    return null; // not ours to understand: a later version's message
  }
}

/**
 * One streamed answer as the client reads it: one Response, whatever happens to the connections behind it. Every frame once,
 * in order, whole. What a frame means is not known here, nor how the request is made.
 */

import { AWAY, pause, retryAfter, sleep, stopped } from './backoff.js';
import { Seen, Splitter, frameOf, join } from './frames.js';

const LOST = {
  type: 'notice',
  level: 'warning',
  message: 'The connection was lost. The answer goes on without it, and is shown here as soon as the network is back.',
};

/** Whether a response is a stream of events. */
export function isStream(response) {
  return response.ok && (response.headers.get('Content-Type') ?? '').startsWith('text/event-stream');
}

/**
 * @param {Response} response the stream as it began
 * @param {object} how
 * @param {((lastEventId: string) => Promise<Response>) | null} how.reattach asks for the rest; null: nobody can give it
 * @param {string} [how.last] the id of the frame behind which the stream began
 * @param {AbortSignal} [how.signal] the user's Stop
 * @param {object} how.timing
 * @param {(state: 'lost' | 'open') => void} how.onLink
 * @param {(how: 'ended' | 'stopped' | 'left' | 'lost') => void} how.onEnd called once
 * @returns {Response}
 */
export function answer(response, how) {
  const feed = new Feed(response, how);
  const body = new ReadableStream({
    start: (control) => feed.start(control),
    pull: () => feed.pull(),
    cancel: () => feed.leave(),
  });
  return new Response(body, { status: response.status, headers: response.headers });
}

class Feed {
  constructor(response, how) {
    Object.assign(this, how);
    this.seen = new Seen(how.last);
    this.attempt = 0;
    this.over = new AbortController();
    this.#take(response);
  }

  start(control) {
    this.control = control;
    this.onAbort = () => this.stop();
    this.signal?.addEventListener('abort', this.onAbort);
    if (this.signal?.aborted) this.stop();
  }

  /** Hand on what comes next. A pull that hands on nothing has ended the stream. */
  async pull() {
    try {
      while (!this.over.signal.aborted) {
        const frames = await this.#next();
        if (frames === null) return this.#end('ended');
        if (this.over.signal.aborted) return undefined;
        if (frames.length === 0) continue;
        this.control.enqueue(join(frames));
        return undefined;
      }
    } catch (error) {
      if (this.over.signal.aborted) return undefined;
      if (!this.reattach) return this.#end('lost', () => this.control.error(error));
      this.control.enqueue(frameOf(LOST));
      return this.#end('lost');
    }
    return undefined;
  }

  /** The user has stopped the answer. */
  stop() {
    this.#end('stopped', () => this.control.error(stopped()));
  }

  /** Nobody reads any more. */
  leave() {
    this.#end('left', () => {});
  }

  #end(state, finish = () => this.control.close()) {
    if (this.over.signal.aborted) return;
    this.over.abort();
    this.signal?.removeEventListener('abort', this.onAbort);
    this.#drop();
    finish();
    this.onEnd(state);
  }

  /** The new frames of the next piece, perhaps none; null at the end. @throws where the rest cannot be had */
  async #next() {
    let piece;
    try {
      piece = await this.#read();
    } catch (error) {
      if (!this.reattach || this.over.signal.aborted) throw error;
      return (await this.#again(error)) ? [] : null;
    }
    if (piece.done) {
      // An end in the middle of a frame is none: a proxy has cut the stream and closed it politely.
      if (!this.splitter.open || !this.reattach) return null;
      return (await this.#again(new TypeError('The stream was cut.'))) ? [] : null;
    }
    const frames = this.splitter.push(piece.value).filter((frame) => this.seen.isNew(frame));
    if (frames.length > 0) this.attempt = 0;
    return frames;
  }

  /** One read, given up after too long a silence: a half-dead connection never says so itself. */
  async #read() {
    let timer;
    const silence = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new TypeError('The stream has gone silent.')), this.timing.silence);
    });
    try {
      return await Promise.race([this.reader.read(), silence]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Pick the answer up where it broke off. -> whether more of it is to come @throws the last reason when it cannot be had, or not in time */
  async #again(reason) {
    this.#drop();
    this.onLink('lost');
    if (this.attempt === 0) this.lostAt = Date.now();
    let wait = this.attempt === 0 ? this.timing.first / 4 : pause(this.attempt - 1, this.timing);
    for (;;) {
      this.attempt += 1;
      await sleep(wait, this.over.signal);
      wait = pause(this.attempt - 1, this.timing);
      try {
        const response = await this.reattach(this.seen.last);
        if (this.over.signal.aborted) {
          await response.body?.cancel();
          throw stopped();
        }
        if (isStream(response)) {
          this.seen.again();
          this.#take(response);
          this.onLink('open');
          return true;
        }
        if (response.status === 204) {
          this.onLink('open');
          return false;
        }
        await response.body?.cancel();
        reason = new TypeError(`The answer cannot be picked up: ${response.status}.`);
        reason.final = !AWAY.has(response.status) && response.status !== 429;
        wait = Math.max(wait, retryAfter(response));
      } catch (error) {
        reason = error;
      }
      const late = Date.now() - this.lostAt > this.timing.patience;
      if (late || reason.final || this.over.signal.aborted) throw reason;
    }
  }

  #take(response) {
    this.reader = response.body.getReader();
    this.splitter = new Splitter();
  }

  #drop() {
    this.reader.cancel().catch(() => {}); // already broken: there is nothing left to close
  }
}

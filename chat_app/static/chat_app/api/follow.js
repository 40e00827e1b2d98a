/**
 * Following one turn to its end over any number of connections: every event once and in order, whatever the network does.
 * It knows the typed events' numbering and terminals, and nothing of what they look like.
 */

import { pause, sleep } from './backoff.js';
import { ApiError } from './http.js';
import { readEvents } from './sse.js';

export const TERMINAL = new Set(['completed', 'failed', 'cancelled', 'interrupted']);
const SILENCE = 40_000; // the server says something at least every 15 s
const GOODBYE = 1_000;

/**
 * @param {import('./client.js').Client} client
 * @param {object} job
 * @param {string} job.turnId
 * @param {Response} [job.response] a stream of this turn that is already open
 * @param {number} [job.after] the number of the last event that is known; without it a snapshot comes first
 * @param {(event: object) => void} job.onEvent each event once, a terminal one last
 * @param {(state: 'open' | 'lost') => void} [job.onLink]
 * @param {AbortSignal} [job.signal] ends the following, never the turn
 * @throws {ApiError} when the turn cannot be followed any more (gone, or not ours), and AbortError
 */
export async function follow(client, { turnId, response, after, onEvent, onLink = () => {}, signal }) {
  const place = { seq: after };
  let attempt = 0;
  for (;;) {
    const heard = { any: false };
    let moved = false;
    try {
      const stream = response ?? (await open(client, turnId, place.seq, signal));
      response = undefined;
      if (stream.status === 204) {
        onEvent(ending(await client.turn(turnId, signal)));
        return;
      }
      onLink('open');
      if (await drain(stream, place, heard, onEvent, signal)) return;
      moved = heard.any; // ended in good order: the server that we read from restarts, and the answer goes on at another
    } catch (error) {
      if (signal?.aborted) throw error;
      if (error instanceof ApiError && !passing(error)) throw error;
      response = undefined;
      if (error.retryAfter) await sleep(error.retryAfter * 1000, signal);
    }
    attempt = heard.any ? 1 : attempt + 1;
    if (!moved) onLink('lost');
    await sleep(pause(attempt), signal);
  }
}

/** Whether a refusal is likely to pass by itself. */
function passing(error) {
  return error.status >= 500 || error.status === 429 || error.status === 408;
}

async function open(client, turnId, after, signal) {
  return client.events(turnId, { after, signal });
}

/** Hand on what one connection brings. -> whether the turn has ended. */
async function drain(stream, place, heard, onEvent, signal) {
  const watchdog = new Watchdog(stream);
  const stop = () => watchdog.cut();
  let ended = false;
  signal?.addEventListener('abort', stop);
  try {
    for await (const frame of readEvents(watchdog.body, () => watchdog.fed())) {
      const event = parse(frame.data);
      if (!event || (event.type !== 'snapshot' && place.seq !== undefined && event.seq <= place.seq)) continue;
      if (Number.isInteger(event.seq)) place.seq = event.seq;
      heard.any = true;
      onEvent(event);
      ended ||= TERMINAL.has(event.type);
      if (ended) watchdog.patience = GOODBYE; // the server closes now; a connection that it closes can be used again
    }
    if (ended) return true;
  } catch (error) {
    if (!ended) throw error;
    return true;
  } finally {
    watchdog.stop();
    signal?.removeEventListener('abort', stop);
  }
  signal?.throwIfAborted();
  return false;
}

/** Ends a body on which nothing has arrived for too long: a half-dead connection never says so itself. */
class Watchdog {
  #patience = SILENCE;

  constructor(stream) {
    const pipe = new TransformStream();
    this.body = pipe.readable;
    this.control = new AbortController();
    stream.body.pipeTo(pipe.writable, { signal: this.control.signal }).catch(() => {}); // the reader sees it as an error
    this.fed();
  }

  set patience(milliseconds) {
    this.#patience = milliseconds;
    this.fed();
  }

  fed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.cut(), this.#patience);
  }

  cut() {
    this.control.abort();
  }

  stop() {
    clearTimeout(this.timer);
    this.cut();
  }
}

function parse(data) {
  try {
    const event = JSON.parse(data);
    return event && typeof event.type === 'string' ? event : undefined;
  } catch {
    return undefined; // not ours to understand: a later version's frame
  }
}

/** The terminal event that a turn's record stands for, where its stream is no longer kept. */
export function ending(turn) {
  const type = TERMINAL.has(turn.state) ? turn.state : 'interrupted';
  return { type, turn_id: turn.id, text: turn.text ?? '', model: turn.model, usage: turn.usage, ...turn.error };
}

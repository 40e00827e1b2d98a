/** The operations of the ChatKit protocol as calls: a body out, JSON or events in. What they are for is not known here. */

import { readEvents } from '../../api/sse.js';

/** A refusal in words that a person may read. */
export class ChatKitError extends Error {
  /** @param {string} message @param {{status?: number, retryable?: boolean, cause?: unknown}} [how] */
  constructor(message, { status = 0, retryable = false, cause } = {}) {
    super(message, { cause });
    this.name = 'ChatKitError';
    this.status = status;
    this.retryable = retryable;
  }
}

export class Client {
  /** @param {import('./transport.js').Transport} transport @param {() => string} locale @param {() => string} sorry words for no answer at all */
  constructor(transport, locale, sorry) {
    Object.assign(this, { transport, locale, sorry });
    this.frame = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`; // pages over plain HTTP have no randomUUID
  }

  /** An operation that is answered at once. -> {data, activeTurn} @throws ChatKitError, AbortError */
  async call(type, params, { signal } = {}) {
    const response = await this.#post(type, params, 'application/json', signal);
    const data = await response.json().catch((cause) => {
      throw new ChatKitError(this.sorry(), { status: response.status, cause });
    });
    return { data, activeTurn: response.headers.get('X-Active-Turn-Id') };
  }

  /**
   * An operation that is answered by a stream. -> as `read` gives it
   * @param {{signal?: AbortSignal, key?: string}} [how] `key`: the same request is the same thing done, whoever sends it
   * @throws ChatKitError, AbortError, before the stream has begun; the events throw when it breaks
   */
  async stream(type, params, { signal, key } = {}) {
    const response = await this.#post(type, params, 'text/event-stream', signal, key);
    return this.read(response);
  }

  /**
   * A response whose body are events. -> {turnId, events, last, away, leave()}: `last` is the id of the newest event, `away` says
   * that nobody has answered, `leave` ends the reading: the events throw
   */
  read(response) {
    const { headers, body, status } = response;
    if (!(headers.get('Content-Type') ?? '').startsWith('text/event-stream') || !body) throw new ChatKitError(this.sorry(), { status });
    const leaving = new AbortController();
    const reading = { turnId: headers.get('X-Turn-Id'), last: '', away: headers.has('X-Chat-Away'), leave: () => leaving.abort() };
    const source = { pipeThrough: (next) => body.pipeThrough(next, { signal: leaving.signal }) };
    reading.events = eventsOf(source, (id) => (reading.last = id));
    return reading;
  }

  async #post(type, params, accept, signal, key) {
    const headers = { 'Content-Type': 'application/json', Accept: accept, 'Accept-Language': this.locale(), 'chatkit-frame-instance-id': this.frame };
    if (key) headers['Idempotency-Key'] = key;
    const init = { method: 'POST', headers, body: JSON.stringify({ type, params }), signal };
    let response;
    try {
      response = await this.transport.fetch(this.transport.url, init);
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ChatKitError(error?.cause?.message || this.sorry(), { retryable: true, cause: error });
    }
    if (!response.ok) throw await this.refusal(response);
    return response;
  }

  /** What a refusal says. */
  async refusal(response) {
    let said;
    try {
      said = await response.json();
    } catch {
      said = undefined; // a proxy's own page, say: the status has to speak for itself
    }
    const words = [said?.message, said?.detail, said?.error?.message].find((one) => typeof one === 'string' && one);
    const retryable = said?.retryable ?? (response.status >= 500 || response.status === 429);
    return new ChatKitError(words ?? `${this.sorry()} (${response.status})`, { status: response.status, retryable });
  }
}

async function* eventsOf(body, onId) {
  for await (const { id, data } of readEvents(body)) {
    onId(id);
    const event = parsed(data);
    if (event) yield event;
  }
}

function parsed(data) {
  try {
    const event = JSON.parse(data);
    return typeof event?.type === 'string' ? event : undefined;
  } catch (error) {
    console.warn('chatkit: an event that is not JSON was left out.', error);
    return undefined;
  }
}

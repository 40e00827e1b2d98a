/** One backend: its addresses, and requests to it in the name of its client secret. What is asked is not known here. */

import { persist } from './backoff.js';
import { Refused } from './secret.js';

export class Backend {
  /**
   * @param {string} url the address of the ChatKit endpoint, whole
   * @param {string} base the folder of its other paths, with a slash at the end
   * @param {import('./secret.js').Secret | null} secret null: cookies speak
   * @param {typeof fetch} fetch
   * @param {object} timing
   */
  constructor(url, base, secret, fetch, timing) {
    Object.assign(this, { url, base, secret, fetch, timing });
    this.origin = new URL(url).origin;
    this.awayUntil = 0;
  }

  at(path) {
    return new URL(path, this.base).href;
  }

  /** The secret that a socket has to bring; null where cookies speak. */
  async token() {
    return this.secret ? this.secret.get() : null;
  }

  /**
   * One request. A 401 renews the client secret and sends it once more. -> Response of any status
   * @param {RequestInit} init its `body` must be one that can be sent twice
   * @param {number} [timeout] milliseconds until the headers of the answer are here
   */
  async send(url, init, timeout) {
    let secret;
    try {
      secret = await this.token();
      const response = await this.#once(url, init, secret, timeout);
      if (response.status !== 401 || secret === null) return response;
      secret = await this.secret.renew(secret);
      await response.body?.cancel();
    } catch (error) {
      if (error instanceof Refused) return inWords(error.response);
      throw error;
    }
    return this.#once(url, init, secret, timeout);
  }

  /** Stop a turn: as often as it takes to get through, and also while the page is being left. -> whether it was taken */
  async cancel(turnId) {
    const url = this.at(`api/turns/${encodeURIComponent(turnId)}/cancel`);
    const headers = { 'Content-Type': 'application/json' };
    const init = { method: 'POST', headers, body: '{}', keepalive: true };
    const response = await persist(() => this.send(url, init), { tries: 6, timing: this.timing });
    await response.body?.cancel();
    return response.ok;
  }

  async #once(url, init, secret, timeout) {
    const headers = new Headers(init.headers);
    if (secret !== null && !headers.has('Authorization')) headers.set('Authorization', `Bearer ${secret}`);
    const credentials = init.credentials ?? (secret === null ? 'include' : 'same-origin');
    const request = { cache: 'no-store', ...init, headers, credentials };
    return timeout ? within(this.fetch, url, request, timeout) : this.fetch(url, request);
  }
}

/** `fetch`, given up when no headers have come in time. The body may take as long as it likes, until `init.signal` fires. */
async function within(fetch, url, init, timeout) {
  const control = new AbortController();
  const pass = () => control.abort(init.signal.reason);
  if (init.signal?.aborted) pass();
  init.signal?.addEventListener('abort', pass);
  const timer = setTimeout(() => control.abort(new DOMException('No answer in time.', 'TimeoutError')), timeout);
  try {
    return await fetch(url, { ...init, signal: control.signal });
  } finally {
    clearTimeout(timer);
  }
}

/** A refusal of the rest of the API in the shape that ChatKit's client reads: the sentence is `message`. */
async function inWords(response) {
  let said = {};
  try {
    said = await response.json();
  } catch {
    // Not JSON: a proxy's own page, say. The status has to speak for itself.
  }
  const message = said?.message ?? said?.detail ?? `The session was refused (${response.status}).`;
  const headers = { 'Content-Type': 'application/json' };
  const later = response.headers.get('Retry-After');
  if (later) headers['Retry-After'] = later;
  return new Response(JSON.stringify({ ...said, message }), { status: response.status, headers });
}

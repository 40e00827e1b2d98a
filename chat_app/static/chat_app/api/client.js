/** The backend's verbs by name: paths and parameters of the API, and no state beyond the session's end. */

import { Http } from './http.js';

const EVENTS = { Accept: 'text/event-stream' };
const at = (id) => encodeURIComponent(id);

export class Client {
  /** @param {string} base where the API is; '' for this origin */
  constructor(base = '') {
    this.expiresAt = undefined;
    this.http = new Http(base, () => this.session());
  }

  /** Make or refresh the session (an HttpOnly cookie). -> {expires_at, model} */
  async session() {
    const session = await this.http.json('POST', '/api/custom/session', { body: {}, renew: false });
    this.expiresAt = session.expires_at ? Date.parse(session.expires_at) : undefined;
    return { expires_at: session.expires_at, model: session.model };
  }

  models() {
    return this.http.json('GET', '/api/models').then((page) => page.data);
  }

  threads({ q, after, limit = 30, signal } = {}) {
    return this.http.json('GET', '/api/threads', { query: { q, after, limit }, signal });
  }

  createThread() {
    return this.http.json('POST', '/api/threads', { body: {} });
  }

  thread(id, signal) {
    return this.http.json('GET', `/api/threads/${at(id)}`, { signal });
  }

  rename(id, title) {
    return this.http.json('PATCH', `/api/threads/${at(id)}`, { body: { title } });
  }

  remove(id) {
    return this.http.json('DELETE', `/api/threads/${at(id)}`);
  }

  /** Newest first, so that `after` walks back in time. */
  items(id, { after, limit = 40, signal } = {}) {
    return this.http.json('GET', `/api/threads/${at(id)}/items`, { query: { order: 'desc', after, limit }, signal });
  }

  exportAddress(id) {
    return new URL(`${this.http.base}/api/threads/${at(id)}/export?as=markdown`, document.baseURI).href;
  }

  turn(id, signal) {
    return this.http.json('GET', `/api/turns/${at(id)}`, { signal });
  }

  /** Start a turn. -> a Response whose body is typed SSE; its headers name the turn and the thread. */
  send(body, { key, signal }) {
    const headers = { ...EVENTS, 'Idempotency-Key': key };
    return this.http.send('POST', '/api/chat/stream', { query: { events: 1 }, body, headers, signal });
  }

  /** Follow a turn from behind event `after`, or from a snapshot. -> a Response; 204 when there is no more to come. */
  events(id, { after, signal }) {
    return this.http.send('GET', `/api/turns/${at(id)}/events`, { query: { after }, headers: EVENTS, signal });
  }

  cancel(id) {
    return this.http.json('POST', `/api/turns/${at(id)}/cancel`, { body: {} });
  }

  retry(id, { model, key }) {
    return this.http.json('POST', `/api/turns/${at(id)}/retry`, { body: { model }, headers: { 'Idempotency-Key': key } });
  }

  /** @param {'positive' | 'negative' | null} kind */
  feedback(itemId, kind) {
    return this.http.json('PUT', `/api/items/${at(itemId)}/feedback`, { body: { kind } });
  }
}

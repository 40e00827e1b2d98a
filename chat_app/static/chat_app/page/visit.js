/** Who is here, as the session endpoint says: its client secret, and whether it lets the visitor in at all. */

const SESSION = '/api/custom/session';
const SHUT = new Set([401, 403]);
const AWAY = 'The server cannot be reached just now.';

export class Visit {
  #secret = null;

  /** @param {() => void} shut is told where the visitor is not let in */
  constructor(shut) {
    this.shut = shut;
  }

  /** The option `getClientSecret`. @param {string|null} [current] the secret that the new one replaces @throws Error in words */
  async secret(current) {
    let response;
    try {
      response = await fetch(SESSION, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(current ? { current } : {}),
      });
    } catch (cause) {
      throw new Error(AWAY, { cause });
    }
    const said = await response.json().catch(() => ({})); // a proxy's own page, say
    if (SHUT.has(response.status)) this.shut();
    if (!response.ok) throw new Error(said.detail ?? AWAY);
    this.#secret = said.client_secret;
    return said;
  }

  /** `fetch` in the visitor's name. */
  fetch(path) {
    return fetch(path, { headers: { Authorization: `Bearer ${this.#secret}` } });
  }
}

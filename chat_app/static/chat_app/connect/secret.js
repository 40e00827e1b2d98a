/**
 * The client secret of one backend: kept in memory, renewed before it ends, and one renewal for all who ask meanwhile.
 * It is never written anywhere, and goes into no address.
 */

/** The session endpoint refused. Carries its answer, which then stands for that of the call itself. */
export class Refused extends Error {
  constructor(response) {
    super(`No client secret: ${response.status}`);
    this.name = 'Refused';
    this.response = response;
  }
}

export class Secret {
  #value = null;
  #renewAt = Infinity;
  #renewing = null;
  #since = -Infinity;

  /**
   * @param {(current: string | null) => Promise<string | {client_secret: string, expires_at?: string}>} ask
   * @param {number} early milliseconds
   */
  constructor(ask, early) {
    this.ask = ask;
    this.early = early;
  }

  /** The secret to use now. @throws what asking for it throws */
  async get() {
    if (this.#value === null) return this.renew(null);
    if (Date.now() < this.#renewAt) return this.#value;
    try {
      return await this.renew(this.#value);
    } catch {
      // It may still be good for a while; if it is not, the server says 401 and the call is made once more.
      this.#renewAt = Infinity;
      return this.#value;
    }
  }

  /** A secret other than `dead`: the newest one where somebody has renewed it already, else a new one. */
  renew(dead) {
    if (this.#value !== dead) return Promise.resolve(this.#value);
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  /** A new secret, in which what the page has chosen meanwhile counts; the present one where it is younger than `age` ms. */
  async fresh(age) {
    return Date.now() - this.#since < age ? this.#value : this.renew(this.#value);
  }

  async #renew() {
    const given = await this.ask(this.#value);
    const secret = typeof given === 'string' ? given : given?.client_secret;
    if (!secret) throw Object.assign(new TypeError('getClientSecret gave no client secret.'), { final: true });
    this.#value = secret;
    this.#since = Date.now();
    this.#renewAt = renewal(given.expires_at, this.early);
    return secret;
  }
}

/** When to renew what ends at `expiresAt`. Never by time where that is unknown, or where the clocks disagree. */
function renewal(expiresAt, early) {
  const now = Date.now();
  const life = Date.parse(expiresAt ?? '') - now;
  return life > 0 ? now + life - Math.min(early, life / 4) : Infinity;
}

/** The `ask` of an endpoint that answers like `POST /api/custom/session`. */
export function sessionAt(url, fetch, timeout) {
  return async (current) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(current === null ? {} : { current }),
      credentials: 'include',
      cache: 'no-store',
      signal: AbortSignal.timeout(timeout),
    });
    if (!response.ok) throw new Refused(response);
    return response.json();
  };
}

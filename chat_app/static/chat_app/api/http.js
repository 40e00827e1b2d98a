/**
 * One HTTP call to the backend and how it can fail. Credentials are renewed here, once a call, when the server says 401.
 * What the paths mean is client.js's business; nothing here touches the page.
 */

/** The server answered and refused. `detail` is a sentence for people; `retryAfter` is in seconds or undefined. */
export class ApiError extends Error {
  constructor(status, body, { retryAfter, turnId } = {}) {
    super(sentence(status, body));
    this.name = 'ApiError';
    this.status = status;
    this.code = body.code || `http_${status}`;
    this.retryable = body.retryable ?? (status >= 500 || status === 429);
    this.retryAfter = retryAfter;
    this.turnId = turnId; // of the turn that failed at once, where one was started
    this.requestId = body.request_id;
  }
}

/** What went wrong in words: the server's own, and what it says of a field. */
function sentence(status, body) {
  const said = body.detail || body.message || `The server answered ${status}.`;
  const [field] = Object.values(body.errors ?? {}).flat();
  return field && body.code === 'invalid' ? String(field) : said;
}

/** No answer came: offline, refused, or cut off. */
export class NetworkError extends Error {
  constructor(cause) {
    super('The server cannot be reached.');
    this.name = 'NetworkError';
    this.code = 'network';
    this.retryable = true;
    this.cause = cause;
  }
}

/** Seconds to wait as `Retry-After` says (a number or a date), or undefined. */
export function retryAfter(response, now = Date.now()) {
  const value = response.headers.get('Retry-After');
  if (!value) return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - now) / 1000);
}

async function failure(response) {
  let body = {};
  try {
    body = await response.json();
  } catch {
    // Not JSON: a proxy's own page, say. The status has to speak for itself.
  }
  const told = { retryAfter: retryAfter(response), turnId: response.headers.get('X-Turn-Id') ?? undefined };
  return new ApiError(response.status, body && typeof body === 'object' ? body : {}, told);
}

export class Http {
  #renewing = null;

  /**
   * @param {string} base address that paths are joined to, without a trailing slash ('' is this origin)
   * @param {() => Promise<unknown>} renew makes a new session; called at most once for each call that got 401
   */
  constructor(base, renew) {
    this.base = base;
    this.renew = renew;
  }

  /**
   * Send one request and return its Response when the status is 2xx.
   * @param {{query?: object, body?: object, headers?: object, signal?: AbortSignal, renew?: boolean}} options
   * @throws {ApiError | NetworkError} and DOMException AbortError when `signal` fires
   */
  async send(method, path, options = {}) {
    let response = await this.#once(method, path, options);
    if (response.status === 401 && options.renew !== false) {
      await this.renewOnce();
      response = await this.#once(method, path, options);
    }
    if (!response.ok) throw await failure(response);
    return response;
  }

  /** Like `send`, for a JSON answer; undefined where there is none. */
  async json(method, path, options) {
    const response = await this.send(method, path, options);
    if (response.status === 204) return undefined;
    try {
      return await response.json();
    } catch (error) {
      if (error instanceof SyntaxError) throw new ApiError(502, { detail: 'The server sent something unreadable.' });
      if (error.name === 'AbortError') throw error;
      throw new NetworkError(error);
    }
  }

  /** Renew the session; calls that come meanwhile share the one that is under way. */
  renewOnce() {
    this.#renewing ??= Promise.resolve(this.renew()).finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  async #once(method, path, { query, body, headers = {}, signal }) {
    const url = new URL(this.base + path, document.baseURI);
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== undefined && value !== null && value !== '') url.searchParams.set(name, value);
    }
    const init = { method, signal, headers: { Accept: 'application/json, text/event-stream', ...headers } };
    init.credentials = 'same-origin';
    init.cache = 'no-store';
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers['Content-Type'] = 'application/json';
    }
    try {
      return await fetch(url, init);
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      throw new NetworkError(error);
    }
  }
}

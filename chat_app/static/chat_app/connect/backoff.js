/** How long to wait before the next try, and trying again. Nothing here knows what is tried. */

/** All pauses in milliseconds; `connect({ timing })` takes others. */
export const TIMING = {
  first: 1_000, // before the second try, doubled with each further one
  longest: 15_000,
  tries: 3,
  answer: 20_000, // how long a try may wait for the first byte of its answer
  patience: 60_000, // how long a broken answer is picked up again
  silence: 45_000, // a stream that says nothing for so long is dead; the server says something every 15 s
  early: 60_000, // a client secret is renewed this long before it ends
  updates: 5_000, // the client keeps what it has read of a thread for so long
  ping: 240_000,
};

/** What a server or a proxy answers while the backend is away. */
export const AWAY = new Set([502, 503, 504]);

/** Milliseconds before the try that follows try number `attempt` (from 0), with jitter: many pages must not return at once. */
export function pause(attempt, timing, random = Math.random) {
  return Math.min(timing.longest, timing.first * 2 ** attempt) * (0.75 + random() / 2);
}

/** Resolve after `ms`, or once the network is said to be back. Rejects with AbortError when `signal` fires. */
export function sleep(ms, signal) {
  return new Promise((resolve, reject) => {
    const done = (finish) => {
      clearTimeout(timer);
      globalThis.removeEventListener?.('online', awake);
      signal?.removeEventListener('abort', aborted);
      finish();
    };
    const awake = () => done(resolve);
    const aborted = () => done(() => reject(stopped()));
    const timer = setTimeout(awake, ms);
    globalThis.addEventListener?.('online', awake);
    if (signal?.aborted) aborted();
    else signal?.addEventListener('abort', aborted);
  });
}

/** What `fetch` rejects with when its signal fires. */
export function stopped() {
  return new DOMException('The user has stopped this.', 'AbortError');
}

/** Milliseconds that `Retry-After` (seconds or a date) asks for; 0 without one. */
export function retryAfter(response, now = Date.now()) {
  const value = response?.headers.get('Retry-After');
  if (!value) return 0;
  const seconds = Number(value);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - now;
  return Math.max(0, wait) || 0;
}

/**
 * Make `attempt` until it is answered: again after no answer at all and after 502 to 504, at most `tries` times in all.
 * An error with `final` set is not tried again. -> the last Response, whatever its status
 * @param {() => Promise<Response>} attempt
 * @param {{tries: number, timing: object, signal?: AbortSignal, onWait?: () => void}} how
 * @throws what the last attempt threw, and AbortError
 */
export async function persist(attempt, { tries, timing, signal, onWait }) {
  for (let n = 0; ; n += 1) {
    let response;
    try {
      response = await attempt();
      if (!AWAY.has(response.status)) return response;
    } catch (error) {
      if (signal?.aborted || error.final || n + 1 >= tries) throw error;
    }
    const wait = Math.max(pause(n, timing), retryAfter(response));
    // A server that names a later time has said no for now: better to say so than to keep the user waiting.
    if (response && (n + 1 >= tries || wait > timing.longest)) return response;
    await response?.body?.cancel();
    onWait?.();
    await sleep(wait, signal);
  }
}

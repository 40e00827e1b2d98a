/** How long to wait before the next try, and waiting that can be cut short. */

const FIRST = 500;
const LONGEST = 15_000;

/** Milliseconds before try number `attempt` (from 1): doubling, with jitter, so that many pages do not come back at once. */
export function pause(attempt, random = Math.random) {
  const ceiling = Math.min(LONGEST, FIRST * 2 ** (attempt - 1));
  return ceiling / 2 + (ceiling / 2) * random();
}

/** Resolve after `ms`, or as soon as the network is said to be back. Rejects with AbortError when `signal` fires. */
export function sleep(ms, signal) {
  return new Promise((resolve, reject) => {
    const done = (finish) => {
      clearTimeout(timer);
      removeEventListener('online', awake);
      signal?.removeEventListener('abort', aborted);
      finish();
    };
    const awake = () => done(resolve);
    const aborted = () => done(() => reject(new DOMException('Stopped.', 'AbortError')));
    const timer = setTimeout(awake, ms);
    addEventListener('online', awake);
    if (signal?.aborted) aborted();
    else signal?.addEventListener('abort', aborted);
  });
}

/** What the client asks for, read from its requests: which operation, in which thread, whether its answer is a stream. */

/** The header by which the server knows that hanging up is no Stop: `1`, or `details` from who shows more than ChatKit's own words. */
export const SELF = 'X-Chat-Connector';

const STREAMING = new Set([
  'threads.create',
  'threads.add_user_message',
  'threads.add_client_tool_output',
  'threads.add_structured_input',
  'threads.retry_after_item',
  'threads.custom_action',
]);
const READING = new Set(['threads.get_by_id', 'items.list']);
// Sent once more they would do their work once more, so that an unknown fate is not good enough.
const ONCE = new Set(['threads.sync_custom_action', 'input.transcribe', 'attachments.create']);
const REMEMBERED = 60_000;

/** `fetch`'s arguments as one request: {url, init, signal}. Its body can be sent twice, unless it is a stream of the caller's. */
export async function readRequest(input, init = {}) {
  if (!(typeof Request === 'function' && input instanceof Request)) {
    const { signal, ...rest } = init;
    return { url: new URL(input, globalThis.document?.baseURI).href, init: rest, signal: signal ?? undefined };
  }
  const request = new Request(input, init);
  const { method, headers, credentials } = request;
  const signal = init.signal ?? input.signal; // the copy's own follows it only until the copy is collected, in Node
  const json = (headers.get('Content-Type') ?? '').includes('json');
  const body = method === 'GET' || method === 'HEAD' ? undefined : await (json ? request.text() : request.blob());
  const asked = credentials === 'same-origin' ? {} : { credentials }; // that is what nobody has asked for
  return { url: request.url, init: { method, headers, body, ...asked }, signal };
}

/** The operation in the body of a POST, or null where it is none. */
export function readCall({ init }) {
  if (typeof init.body !== 'string') return null;
  let body;
  try {
    body = JSON.parse(init.body);
  } catch {
    return null; // the server says what is wrong with it
  }
  if (typeof body?.type !== 'string') return null;
  return {
    type: body.type,
    threadId: typeof body.params?.thread_id === 'string' ? body.params.thread_id : null,
    streams: STREAMING.has(body.type),
    reads: READING.has(body.type),
    once: ONCE.has(body.type),
  };
}

/**
 * Idempotency keys: one for each thing that the user does. A call that has had no answer keeps its key for a minute, so that
 * the client's own repetition of it, or the user's, is the same thing done.
 */
export class Keys {
  #kept = new Map();

  keyOf(call, init) {
    const sign = signOf(init);
    const kept = this.#kept.get(sign);
    return kept && kept.until > Date.now() ? kept.key : crypto.randomUUID();
  }

  keep(init, key) {
    this.#kept.set(signOf(init), { key, until: Date.now() + REMEMBERED });
    if (this.#kept.size > 20) this.#kept.delete(this.#kept.keys().next().value);
  }

  drop(init) {
    this.#kept.delete(signOf(init));
  }
}

function signOf(init) {
  return `${new Headers(init.headers).get('chatkit-frame-instance-id')} ${init.body}`;
}

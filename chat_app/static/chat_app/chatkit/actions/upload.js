/**
 * Sending a body so that one learns how much of it has gone out, which `fetch` does not tell. What is sent, and what an answer
 * means, is not known here.
 */

/** Addresses that a page may ask in another origin without asking whether it may, as a form could. */
const PLAIN = new Set(['GET', 'POST', 'HEAD']);

/** @returns {boolean} whether listening to the progress asks for nothing more: it makes any request to another origin ask first */
export function mayListen(url, { method, headers }) {
  return new URL(url).origin === globalThis.origin || !PLAIN.has(method) || Object.keys(headers).length > 0;
}

/**
 * As `fetch` would send it without credentials for other origins.
 * @param {string} url
 * @param {{method: string, headers: Record<string, string>, body: Blob|FormData, signal?: AbortSignal}} init
 * @param {(fraction: number) => void} onProgress from 0 to 1, of the bytes that have gone out
 * @returns {Promise<Response>} of any status @throws TypeError without an answer, the signal's reason
 */
export function sendBody(url, { method, headers, body, signal }, onProgress) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open(method, url);
    request.responseType = 'arraybuffer';
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener('progress', ({ lengthComputable, loaded, total }) => lengthComputable && total && onProgress(loaded / total));
    request.addEventListener('load', () => resolve(responseOf(request)));
    request.addEventListener('error', () => reject(new TypeError('The file could not be sent.')));
    request.addEventListener('abort', () => reject(signal.reason));
    request.addEventListener('loadend', () => signal?.removeEventListener('abort', abort));
    signal?.addEventListener('abort', abort);
    request.send(body);
  });
}

const BODILESS = new Set([204, 205, 304]);

function responseOf(request) {
  const { status } = request;
  const type = request.getResponseHeader('Content-Type');
  return new Response(BODILESS.has(status) ? null : request.response, { status, headers: type ? { 'Content-Type': type } : {} });
}

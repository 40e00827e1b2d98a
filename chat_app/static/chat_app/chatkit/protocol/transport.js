/**
 * How requests reach the server. With `getClientSecret` the server is the one that served the script, behind the connector: the
 * secret as Bearer, patience, answers that survive the network, a Stop that is one, news of other tabs. With `url` the page's
 * own `fetch` says how, and whatever else that server can do is not expected.
 */

let connect; // the connector, once somebody needs it

const SOON = 150; // ms; the element reads whenever it is asked, unlike the official one
const TRIES = 6; // half a minute: a server that restarts is back by then

/**
 * @typedef {object} Transport
 * @property {string} url the ChatKit endpoint, whole
 * @property {typeof fetch} fetch
 * @property {object|null} uploads FileUploadStrategy
 * @property {import('../../connect/index.d.ts').Connection|null} connection what goes on beside the requests
 * @property {() => void} close
 */

/** Fetch what `transportOf` needs for these options. */
export async function prepare({ getClientSecret }) {
  if (getClientSecret) ({ connect } = await import('../../connect/index.js'));
}

/**
 * @param {() => object} current gives the normalised option `api`, whose functions may be others each time
 * @param {{backend: string, element: Element, onThreads: () => void, onTurn: (turnId: string, threadId: string) => void, onStatus: (status: object) => void, onError: (error: Error) => void}} how
 * @returns {Transport}
 */
export function transportOf(current, { backend, element, onTurn, onThreads, onStatus, onError }) {
  if (!current().getClientSecret) {
    const url = new URL(current().url, document.baseURI).href;
    const send = (...request) => (current().fetch ?? globalThis.fetch)(...request);
    return { url, fetch: send, uploads: current().uploadStrategy ?? null, connection: null, close: () => {} };
  }
  const url = new URL('chatkit', backend).href;
  const connection = connect({
    url,
    base: backend,
    element: () => element,
    details: true,
    getClientSecret: async (known) => {
      try {
        return secretOf(await current().getClientSecret(known));
      } catch (error) {
        onError(error);
        throw error;
      }
    },
    onTurn,
    onThreads,
    onStatus,
    timing: { updates: SOON, tries: TRIES },
  });
  return { url, fetch: connection.api.fetch, uploads: connection.api.uploadStrategy, connection, close: () => connection.close() };
}

function secretOf(given) {
  const secret = typeof given === 'string' ? given : given?.client_secret;
  if (!secret) throw new TypeError('getClientSecret gave no client secret.');
  return given;
}

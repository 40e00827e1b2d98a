/**
 * `connect(options)`: the `api` option of OpenAI's ChatKit for a backend of this project. Options become parts here, and parts
 * meet here. `index.d.ts` says what each option means.
 */

import { TIMING } from './backoff.js';
import { Backend } from './backend.js';
import { Connector } from './connector.js';
import { News } from './news.js';
import { Routes } from './routes.js';
import { Running } from './running.js';
import { Secret, sessionAt } from './secret.js';
import { Updates } from './updates.js';

const YOUNG = 2_000; // ms for which a secret is a new one
const THREAD_CHANGE = 'chatkit.thread.change';

/** @param {import('./index.d.ts').ConnectOptions} [options] @returns {import('./index.d.ts').Connection} */
export function connect(options = {}) {
  const timing = { ...TIMING, ...options.timing };
  const routes = new Routes(backendsOf(options, timing));
  const self = options.details ? 'details' : '1';
  const running = new Running(routes, timing, self, options.onTurn);
  const connector = new Connector(routes, timing, running, self, options.onStatus);
  const stage = new Stage(connector, options.element);
  const updates = new Updates(() => stage.element(), (id) => connector.isOwn(id), timing.updates);
  const told = { onTurn: (id, threadId) => running.hears(id, threadId), onThreads: options.onThreads };
  const news = new News((id) => connector.isOwn(id), (id) => updates.soon(id), timing, told);
  connector.tell(news, updates);
  const api = {
    url: options.url ?? '/chatkit',
    domainKey: options.domainKey ?? 'local-dev',
    fetch: (input, init) => {
      stage.element();
      return connector.fetch(input, init);
    },
    uploadStrategy: options.uploadUrl ? { type: 'direct', uploadUrl: options.uploadUrl } : { type: 'two_phase' },
  };
  return {
    api,
    attach: (element) => stage.attach(element),
    token: () => routes.backends[0].token(),
    renew: () => routes.backends[0].secret?.fresh(YOUNG) ?? Promise.resolve(null),
    claim: (turnId) => running.claim(turnId),
    release: (turnId) => running.release(turnId),
    reattach: (turnId, lastEventId, signal) => running.reattach(turnId, lastEventId, signal, news.threadId),
    stop: (turnId) => running.stop(turnId, news.threadId),
    close: () => {
      connector.closed = true;
      stage.attach(null);
      news.close();
      updates.close();
    },
  };
}

function backendsOf(options, timing) {
  const { url = '/chatkit', base, sessionUrl, fallbackUrl } = options;
  const backends = [backendOf({ url, base, sessionUrl }, options, timing)];
  if (fallbackUrl) {
    const fallback = typeof fallbackUrl === 'string' ? { url: fallbackUrl } : fallbackUrl;
    // Cookies alone for the one means cookies alone for the other; an address of the one is none of the other.
    const shared = sessionUrl === null ? { sessionUrl } : {};
    backends.push(backendOf({ ...shared, ...fallback }, options, timing));
  }
  return backends;
}

function backendOf({ url, base, sessionUrl }, options, timing) {
  const page = globalThis.document?.baseURI;
  const fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));
  const whole = new URL(url, page).href;
  const folder = base ? new URL(base.replace(/\/?$/, '/'), page).href : new URL('./', whole).href;
  let ask = null;
  if (options.getClientSecret) ask = hosts(options.getClientSecret, whole);
  else if (sessionUrl === undefined) ask = sessionAt(new URL('api/custom/session', folder).href, fetch, timing.answer);
  else if (sessionUrl !== null) ask = sessionAt(new URL(sessionUrl, page).href, fetch, timing.answer);
  return new Backend(whole, folder, ask && new Secret(ask, timing.early), fetch, timing);
}

/** The page's own way to a secret. It has its own patience, so that it is not asked again when it gives up. */
function hosts(getClientSecret, url) {
  return async (current) => {
    try {
      return await getClientSecret(current, url);
    } catch (error) {
      throw Object.assign(new Error('No client secret.', { cause: error }), { final: true });
    }
  };
}

/** The element that shows the chat: the one that was named, else the first on the page. */
class Stage {
  #element = null;
  #getter;

  constructor(connector, getter) {
    this.connector = connector;
    this.#getter = getter ?? (() => globalThis.document?.querySelector('openai-chatkit'));
    this.onChange = ({ detail }) => {
      connector.told = true;
      connector.show(detail?.threadId ?? null);
    };
  }

  attach(element) {
    this.#element?.removeEventListener(THREAD_CHANGE, this.onChange);
    this.#element = element;
    element?.addEventListener(THREAD_CHANGE, this.onChange);
  }

  element() {
    const found = this.#element?.isConnected ? this.#element : this.#getter?.();
    if (found && found !== this.#element) this.attach(found);
    return this.#element;
  }
}

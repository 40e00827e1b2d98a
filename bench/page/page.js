/** The element on a page of the bench, and the longest task of a stretch of time. What is measured when is told from outside. */

import { server } from './server.js';

const element = document.querySelector('openai-chatkit');
const longTasks = [];
const seen = new PerformanceObserver((list) => longTasks.push(...list.getEntries()));
seen.observe({ type: 'longtask' });

const found = (selector) => element.shadowRoot.querySelector(selector);
const told = (name) => new Promise((resolve) => element.addEventListener(`chatkit.${name}`, resolve, { once: true }));
const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
/** The page's server by `url`, or where a backend of ours would be, by `getClientSecret`: then all but static files come from it. */
function api(how) {
  const asked = server(how);
  if (!how.secret) return { url: '/chatkit', fetch: asked };
  const { fetch } = globalThis;
  globalThis.fetch = (url, init) => {
    const { pathname } = new URL(url, location);
    if (pathname.startsWith('/static/')) return fetch(url, init);
    return pathname === '/chatkit' ? asked(url, init) : Promise.resolve(new Response(null, { status: 404 }));
  };
  return { getClientSecret: async () => 'secret' };
}

const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The longest task while `run` goes on, in ms; 0 where none was longer than 50. */
async function longest(run) {
  longTasks.push(...seen.takeRecords());
  longTasks.length = 0;
  await run();
  await rest(1_000); // what is drawn late belongs to it
  longTasks.push(...seen.takeRecords());
  return Math.max(0, ...longTasks.map(({ duration }) => duration));
}

window.bench = {
  /** Put the chat on the page, with a thread open or with none. */
  async open(how) {
    await customElements.whenDefined('openai-chatkit');
    const ready = told(how.initialThread ? 'thread.load.end' : 'ready');
    element.setOptions({ api: api(how), initialThread: how.initialThread ?? null, thread: { autoScroll: true } });
    await ready;
    await frame();
  },

  /** Load the thread to its beginning. */
  async loadAll() {
    for (let button = found('.earlier'); !button.hidden; ) {
      const before = found('.items').querySelectorAll('.message').length;
      button.click();
      while (found('.items').querySelectorAll('.message').length === before) await frame();
      await frame();
    }
    return found('.items').querySelectorAll('.message').length;
  },

  /** Ask, and wait for the end of the answer. -> {longest, whole} */
  async ask() {
    const ended = told('response.end');
    const ms = await longest(async () => {
      await element.sendUserMessage({ text: 'Tell me everything.' });
      await ended;
    });
    const answer = [...element.shadowRoot.querySelectorAll('.from-model .answer-text')].at(-1);
    return { longest: ms, whole: answer.textContent.trim().endsWith('end') };
  },

  loadLongest: () => longest(() => window.bench.loadAll()),

  async close() {
    await element.setThreadId(null);
    await rest(500);
  },
};

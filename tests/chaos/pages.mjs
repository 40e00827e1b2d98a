// Many chats at once, by the drop-in's own modules: all of it but what draws. Each has a browser's cookies of its own.
//   node pages.mjs BASE COUNT SEED
// Says {"talking": n} when every page has had an answer; a line on stdin ends it, and then it tells what every page showed.
import { AsyncLocalStorage } from 'node:async_hooks';
import { createInterface } from 'node:readline';

const [BASE, COUNT, SEED] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const PATIENCE = 40_000; // ms in which a page that shows something unfinished may still come right by itself
const browser = new AsyncLocalStorage(); // whose cookies a fetch carries: Map of name -> value

// What a browser has and Node has not. Nobody looks at these pages, and none has a second tab, nor a socket for its news.
const nothing = () => {};
Object.assign(globalThis, {
  document: { baseURI: `${BASE}/`, hidden: false, addEventListener: nothing, removeEventListener: nothing },
  addEventListener: nothing,
  removeEventListener: nothing,
  requestAnimationFrame: (draw) => setTimeout(draw, 16),
  cancelAnimationFrame: clearTimeout,
  navigator: { onLine: true },
});
const plain = globalThis.fetch;
globalThis.fetch = async (url, init) => {
  const jar = browser.getStore();
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const headers = { ...Object.fromEntries(new Headers(init.headers)), Origin: BASE, ...(cookie && { Cookie: cookie }) };
  const response = await plain(url, { ...init, headers });
  for (const line of response.headers.getSetCookie()) {
    const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
    jar.set(name, value);
  }
  return response;
};

const home = new URL('../../chat_app/static/chat_app/', import.meta.url);
const load = (name) => import(new URL(name, home).href);
const { Client } = await load('chatkit/protocol/client.js');
const { prepare, transportOf } = await load('chatkit/protocol/transport.js');
const { Store } = await load('chatkit/store.js');
const { Items } = await load('chatkit/state/items.js');
const { Threads } = await load('chatkit/actions/threads.js');
const { Turns } = await load('chatkit/actions/turns.js');

let talking = true;
let heard = 0;
const rest = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Numbers from a seed, between 0 and 1 (mulberry32). */
function dice(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** The parts as kit.js puts them together, and a person who says one thing after another. */
class Page extends EventTarget {
  asked = []; // {text, tokens}
  errors = []; // what the page showed as an error, in words
  waits = 0; // times that it waited for a server by itself
  lost = 0; // times that the link was shown as lost
  cut = 0; // answers that a restart cut off, and that were asked for again
  isConnected = true; // as an element is
  isUp = true;
  aliases = new Map();
  options = {};
  announcer = { close: nothing };
  drafts = { get: nothing, set: nothing };
  place = { get: () => null, set: nothing };
  follow = nothing;
  announce = nothing;

  constructor(number) {
    super();
    this.random = dice(SEED + number);
    this.patient = number % 10 === 0; // who asks for long answers alone, which no drain waits for
    this.backend = `${BASE}/`;
    this.store = new Store();
    this.items = new Items();
    this.client = new Client(null, () => 'en', () => 'no answer');
    this.chat = new Turns(this);
    this.threads = new Threads(this);
    this.before = this.store.state;
    this.store.subscribe((state) => this.#look(state));
  }

  t(key) {
    return key;
  }

  emit(name, detail) {
    this.dispatchEvent(Object.assign(new Event(`chatkit.${name}`), { detail }));
  }

  alias(old, id) {
    this.aliases.set(id, old);
  }

  notify({ level, message }) {
    if (level === 'danger') this.errors.push(`notice: ${message}`);
  }

  report(error, { quiet = false } = {}) {
    if (!quiet) this.errors.push(`reported: ${error.message}`);
  }

  fail(error) {
    this.errors.push(`failed: ${error.message}`);
  }

  fetchUpdates() {
    return this.threads.refresh();
  }

  #look(state) {
    const { error, link, progress } = this.before;
    this.before = state;
    if (state.error && state.error !== error) this.errors.push(`shown: ${state.error.message}`);
    if (state.progress?.text === 'thread.restarting' && progress?.text !== 'thread.restarting') this.cut += 1;
    if (state.link === 'lost' && link !== 'lost') this[this.isWaiting ? 'waits' : 'lost'] += 1;
  }

  async live() {
    const api = { getClientSecret: session };
    await prepare(api);
    this.transport = transportOf(() => api, {
      backend: this.backend,
      element: this,
      onTurn: (turnId, threadId) => threadId === this.store.state.threadId && void this.chat.follow(turnId),
      onThreads: nothing,
      onStatus: ({ state }) => {
        this.isWaiting = state === 'retrying';
        this.store.set({ link: state === 'retrying' || state === 'reconnecting' ? 'lost' : 'open' });
      },
      onError: (error) => this.errors.push(`not let in: ${error.message}`),
    });
    this.client.transport = this.transport;
    await this.transport.connection.token();
    this.store.set({ phase: 'ready' });
    await this.threads.list();
    await rest(this.random() * 1500);
    while (talking && !this.errors.length) await this.#talk();
    this.threads.close();
    this.transport.close();
  }

  async #talk() {
    const long = this.patient || this.random() < 0.03;
    const tokens = long ? 300 : 20 + Math.floor(this.random() * 60);
    const text = `/tokens ${tokens} ${long ? 40 : 30}`;
    this.asked.push({ text, tokens });
    const sending = this.chat.send({ content: [{ type: 'input_text', text }] });
    sending.catch((error) => this.errors.push(`not sent: ${error.message}`));
    const end = Date.now() + PATIENCE;
    while (!this.#whole() && !this.errors.length && Date.now() < end) await rest(50);
    if (!this.#whole()) this.errors.push(`still unfinished: ${JSON.stringify(this.#shown().slice(-2)).slice(0, 300)}`);
    if (this.asked.length === 1) heard += 1;
    await rest(200 + this.random() * 600);
  }

  #whole() {
    const last = this.items.last();
    return !this.chat.busy && last?.type === 'assistant_message' && !last.answered?.state;
  }

  #shown() {
    return this.items.list.map(({ type, content, answered, pending }) => ({
      type, text: content.map((part) => part.text).join(''), state: pending ? 'pending' : (answered?.state ?? 'whole'),
    }));
  }

  told() {
    const { asked, errors, waits, lost, cut } = this;
    return { asked, errors, waits, lost, cut, thread: this.store.state.threadId, shown: this.#shown() };
  }
}

/** The option `getClientSecret`, as the page at `/` has it. */
async function session(current) {
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(`${BASE}/api/custom/session`, { method: 'POST', headers, body: JSON.stringify(current ? { current } : {}) });
  if (!response.ok) throw new Error(`no session: ${response.status}`);
  return response.json();
}

const say = (message) => new Promise((done) => process.stdout.write(`${JSON.stringify(message)}\n`, done));
createInterface({ input: process.stdin }).once('line', () => { talking = false; });
const pages = Array.from({ length: COUNT }, (_, number) => new Page(number));
const lives = pages.map((page) => browser.run(new Map(), () => page.live()));
while (heard < COUNT && !pages.some((page) => page.errors.length)) await rest(50);
await say({ talking: COUNT });
await Promise.all(lives);
await say({ pages: pages.map((page) => page.told()) });
process.exit(0);

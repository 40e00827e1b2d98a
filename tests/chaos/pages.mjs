// Many chat pages at once, by the page's own modules: all of it but what draws. Each has a browser's cookies of its own.
//   node pages.mjs BASE COUNT SEED
// Says {"talking": n} when every page has had an answer; a line on stdin ends it, and then it tells what every page showed.
import { AsyncLocalStorage } from 'node:async_hooks';
import { createInterface } from 'node:readline';

const [BASE, COUNT, SEED] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const PATIENCE = 40_000; // ms in which a page that shows something unfinished may still come right by itself
const browser = new AsyncLocalStorage(); // whose cookies a fetch carries: Map of name -> value

// What a browser has and Node has not. Nobody looks at these pages, and none has a second tab.
const nothing = () => {};
Object.assign(globalThis, {
  document: { baseURI: `${BASE}/`, hidden: false, addEventListener: nothing, removeEventListener: nothing },
  addEventListener: nothing,
  removeEventListener: nothing,
  requestAnimationFrame: (draw) => setTimeout(draw, 16),
  localStorage: { getItem: () => null, setItem: nothing, removeItem: nothing },
  BroadcastChannel: class { postMessage() {} close() {} },
});
const plain = globalThis.fetch;
globalThis.fetch = async (url, init) => {
  const jar = browser.getStore();
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const headers = { ...init.headers, Origin: BASE, ...(cookie && { Cookie: cookie }) };
  const response = await plain(url, { ...init, headers });
  for (const line of response.headers.getSetCookie()) {
    const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
    jar.set(name, value);
  }
  return response;
};

const home = new URL('../../chat_app/static/chat_app/', import.meta.url);
const load = (name) => import(new URL(name, home).href);
const { Client } = await load('api/client.js');
const { Store } = await load('state/store.js');
const { SessionActions } = await load('actions/session.js');
const { ThreadActions } = await load('actions/threads.js');
const { TurnActions } = await load('actions/turns.js');
const { messagesOf } = await load('state/messages.js');

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

/** The parts as app.js puts them together, and a person who says one thing after another. */
class Page {
  options = {};
  asked = []; // {text, tokens}
  errors = []; // what the page showed as an error, in words
  waits = 0; // banners that counted down by themselves
  lost = 0; // times that the link was shown as lost
  cut = 0; // answers that ended before they were whole
  visited = nothing;
  announce = nothing;
  say = nothing;
  finished = nothing;

  constructor(number) {
    this.random = dice(SEED + number);
    this.patient = number % 10 === 0; // who asks for long answers alone, which no drain waits for
    this.store = new Store();
    this.client = new Client('');
    this.session = new SessionActions(this);
    this.threads = new ThreadActions(this);
    this.turns = new TurnActions(this);
    this.before = this.store.state;
    this.store.subscribe((state) => this.#look(state));
  }

  warn(error) {
    this.errors.push(`banner: ${error.message}`);
  }

  #look(state) {
    const { pending, banner, link, turn } = this.before;
    this.before = state;
    if (state.pending?.error && state.pending.error !== pending?.error) this.errors.push(`not sent: ${state.pending.error.detail}`);
    if (state.banner && state.banner !== banner) {
      if (state.banner.until) this.waits += 1;
      else this.errors.push(`banner: ${state.banner.text}`);
    }
    if (state.turn?.state === 'interrupted' && turn?.state !== 'interrupted') this.cut += 1;
    if (state.link === 'lost' && link !== 'lost') this.lost += 1;
  }

  async live() {
    if (!(await this.session.start())) return this.errors.push(`not let in: ${this.store.state.trouble}`);
    this.threads.watch();
    this.turns.watch();
    this.threads.list();
    await rest(this.random() * 1500);
    while (talking && !this.errors.length) await this.#talk();
    this.threads.unwatch();
    this.turns.unwatch();
    this.session.stop();
    return undefined;
  }

  async #talk() {
    const long = this.patient || this.random() < 0.03;
    const tokens = long ? 300 : 20 + Math.floor(this.random() * 60);
    const text = `/tokens ${tokens} ${long ? 40 : 30}`;
    this.asked.push({ text, tokens });
    if (!this.turns.send(text)) return this.errors.push('the page took no message');
    const end = Date.now() + PATIENCE;
    while (!this.#whole() && Date.now() < end) await rest(50);
    if (!this.#whole()) this.errors.push(`still unfinished: ${JSON.stringify(this.#shown().slice(-2)).slice(0, 300)}`);
    if (this.asked.length === 1) heard += 1;
    await rest(200 + this.random() * 600);
    return undefined;
  }

  #whole() {
    const { turn } = this.store.state;
    return !this.turns.busy && turn?.state === 'completed';
  }

  #shown() {
    return messagesOf(this.store.state).map(({ role, text, state, error }) => ({ role, text, state, error }));
  }

  told() {
    const { asked, errors, waits, lost, cut } = this;
    return { asked, errors, waits, lost, cut, thread: this.store.state.threadId, shown: this.#shown() };
  }
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

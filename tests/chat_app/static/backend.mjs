// A backend on a real socket for the connector's tests: it answers what a test tells it to, and keeps what it was asked.
// It knows the interface that the connector leans on, and nothing of the project's server.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after } from 'node:test';
import { connect } from '../../../chat_app/static/chat_app/connect.js';

export const FAST = { first: 20, longest: 300, patience: 1_500, silence: 400, answer: 600, updates: 120, ping: 5_000 };
export const EVENTS = { 'Content-Type': 'text/event-stream' };
const HOUR = 3_600_000;

export class Fake {
  asked = []; // {method, path, headers, body}
  sockets = []; // {token, said, send(message), close(code)}
  secrets = 0;
  secretLife = HOUR;
  good = null; // the only client secret that is not refused; null: any
  routes = {};

  static async start() {
    const fake = new Fake();
    fake.server = createServer((request, response) => fake.#answer(request, response));
    fake.server.on('upgrade', (request, socket) => fake.#upgrade(request, socket));
    fake.server.listen(0, '127.0.0.1');
    await once(fake.server, 'listening');
    fake.origin = `http://127.0.0.1:${fake.server.address().port}`;
    fake.url = `${fake.origin}/chatkit`;
    after(() => fake.stop());
    return fake;
  }

  stop() {
    this.server.closeAllConnections();
    for (const { socket } of this.sockets) socket.destroy();
    this.server.close();
  }

  /** Answer `path` with `handler({method, path, headers, body}, response, count)`; `count` is from 1. */
  on(path, handler) {
    this.routes[path] = handler;
    return this;
  }

  /** What `path` was asked, oldest first. */
  of(path) {
    return this.asked.filter((one) => one.path === path);
  }

  async #answer(request, response) {
    const parts = [];
    for await (const part of request) parts.push(part);
    const asked = { method: request.method, path: request.url, headers: request.headers, body: Buffer.concat(parts).toString() };
    this.asked.push(asked);
    if (asked.path === '/api/custom/session' && !this.routes[asked.path]) return this.#session(response);
    if (this.good && asked.headers.authorization !== `Bearer ${this.good}`) return json(response, { message: 'Who?' }, 401);
    const handler = this.routes[asked.path] ?? ((_, other) => json(other, { message: 'Not here.' }, 404));
    return handler(asked, response, this.of(asked.path).length);
  }

  #session(response) {
    this.secrets += 1;
    const expires_at = new Date(Date.now() + this.secretLife).toISOString();
    return json(response, { client_secret: `secret-${this.secrets}`, expires_at, model: 'demo' });
  }

  #upgrade(request, socket) {
    const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(key).digest('base64');
    const [chosen, token] = (request.headers['sec-websocket-protocol'] ?? '').split(', ');
    const subprotocol = chosen ? `Sec-WebSocket-Protocol: ${chosen}\r\n` : '';
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
      + `${subprotocol}Sec-WebSocket-Accept: ${accept}\r\n\r\n`);
    const one = { socket, token, path: request.url, said: [], send: (message) => socket.write(textFrame(message)) };
    one.close = (code) => socket.end(Buffer.from([0x88, 2, code >> 8, code & 255]));
    this.sockets.push(one);
    socket.on('error', () => {});
    socket.on('data', (data) => {
      for (const message of unmasked(data)) {
        one.said.push(message);
        this.onSocket?.(one, message);
      }
    });
    this.onSocket?.(one, { type: 'open' });
  }
}

/** A server that greets sockets and lets them follow. */
export function greeting(active) {
  return (socket, message) => {
    if (message.type === 'open') socket.send({ type: 'ready' });
    if (message.type === 'follow') socket.send({ type: 'ready', thread_id: message.thread_id, active_turn_id: active });
  };
}

export function json(response, body, status = 200, headers = {}) {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** Begin a stream of `turn`; `frames` are written at once. */
export function stream(response, frames, turn = 'turn_1', headers = {}) {
  const names = turn ? { 'X-Turn-Id': turn, 'X-Thread-Id': 'thr_1' } : {};
  response.writeHead(200, { ...EVENTS, ...names, ...headers });
  response.flushHeaders();
  for (const frame of frames) response.write(frame);
  return response;
}

/** Cut the connection as a lost network does, once what was written is on its way. */
export function cut(response) {
  setTimeout(() => response.destroy(), 30);
}

export const frame = (number, turn = 'turn_1') => `id: ${turn}:${number}\ndata: {"n":${number}}\n\n`;
export const frames = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => frame(from + at));
export const call = (type, params = {}) => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json', 'chatkit-frame-instance-id': 'frame-1' },
  body: JSON.stringify({ type, params }),
});
export const SAY = call('threads.add_user_message', { thread_id: 'thr_1', input: {} });

/** A connection to `fake` that keeps what `onStatus` said, closed with the test. */
export function join(fake, options = {}) {
  const states = [];
  const connection = connect({ url: fake.url, timing: FAST, onStatus: ({ state }) => states.push(state), ...options });
  const done = () => connection.close();
  after(done);
  return { ...connection, fetch: connection.api.fetch, states };
}

/** Wait until `ready()` is true. */
export async function until(ready, what = 'it', milliseconds = 3_000) {
  const end = Date.now() + milliseconds;
  while (!ready()) {
    if (Date.now() > end) throw new Error(`${what} has not happened`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export const rest = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function textFrame(message) {
  const data = Buffer.from(JSON.stringify(message));
  return Buffer.concat([Buffer.from([0x81, data.length]), data]); // up to 125 bytes
}

function* unmasked(data) {
  for (let at = 0; at < data.length;) {
    const length = data[at + 1] & 127;
    const mask = data.subarray(at + 2, at + 6);
    const body = data.subarray(at + 6, at + 6 + length).map((byte, index) => byte ^ mask[index % 4]);
    if ((data[at] & 15) === 1) yield JSON.parse(Buffer.from(body).toString());
    at += 6 + length;
  }
}

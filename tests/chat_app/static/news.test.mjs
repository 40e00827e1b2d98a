// What happens elsewhere reaches the element: in time, not too often, and never because of what it does itself.
import assert from 'node:assert/strict';
import test from 'node:test';
import { FAST, Fake, SAY, call, frame, greeting, join, json, rest, stream, until } from './backend.mjs';

const OPEN = call('threads.get_by_id', { thread_id: 'thr_1' });
const SLACK = 150; // of updates.js

/** A stand-in of the element: reads the thread when asked for updates, unless it has just done so. */
class Element extends EventTarget {
  isConnected = true;
  calls = [];
  readAt = 0;

  async fetchUpdates() {
    this.calls.push(Date.now());
    if (Date.now() - this.readAt >= FAST.updates) await this.read();
  }

  async read() {
    this.readAt = Date.now();
    await (await this.fetch(this.url, OPEN)).json();
  }
}

/** An element that has opened its thread; `state.active` is the turn that runs there. */
async function opened({ active, ready = true } = {}) {
  const fake = await Fake.start();
  const state = { active };
  fake.on('/chatkit', ({ body }, response) => {
    if (JSON.parse(body).type !== 'threads.get_by_id') return state.stream(response);
    return json(response, { id: 'thr_1' }, 200, state.active ? { 'X-Active-Turn-Id': state.active } : {});
  });
  if (ready) fake.onSocket = greeting(active);
  const element = new Element();
  const connection = join(fake, { element: () => element });
  Object.assign(element, { fetch: connection.fetch, url: fake.url });
  await element.read();
  if (ready) await until(() => fake.sockets[0]?.said.some(({ type }) => type === 'follow'), 'the follow');
  return { fake, state, element, connection };
}

test('socket follows the open thread, in the name of the secret and without it in its address', async () => {
  const { fake } = await opened();
  const [{ token, said, path }] = fake.sockets;
  assert.equal(token, 'secret-1');
  assert.deepEqual(said, [{ type: 'follow', thread_id: 'thr_1' }]);
  assert.equal(path, '/ws/chat');
});

test('turn of another tab brings the element up to date, once in its time and once at the end', async () => {
  const { fake, element } = await opened();
  const begun = Date.now();
  for (let n = 1; n <= 20; n += 1) {
    fake.sockets[0].send({ type: 'delta', turn_id: 'turn_9', seq: n });
    await rest(20);
  }
  fake.sockets[0].send({ type: 'response', turn_id: 'turn_9' });
  const ended = Date.now();
  await rest(2 * (FAST.updates + SLACK));
  const most = Math.ceil((Date.now() - begun) / FAST.updates);
  assert.ok(element.calls.length >= 2 && element.calls.length <= most, String(element.calls.length));
  assert.ok(element.calls.at(-1) >= ended);
  const before = element.calls.length;
  await rest(2 * (FAST.updates + SLACK));
  assert.equal(element.calls.length, before);
});

test('addition and new title by the server bring the element up to date', async () => {
  const { fake, element } = await opened();
  fake.sockets[0].send({ type: 'item', item: {} });
  await until(() => element.calls.length === 1, 'the first update');
  fake.sockets[0].send({ type: 'thread', title: 'New' });
  await until(() => element.calls.length === 2, 'the second update');
});

test('turn that ran when the page was loaded is read until it is over, also without a socket', async () => {
  const { element, state } = await opened({ active: 'turn_9', ready: false });
  await until(() => element.calls.length === 3, 'three updates');
  delete state.active;
  await rest(2 * (FAST.updates + SLACK));
  const before = element.calls.length;
  await rest(2 * (FAST.updates + SLACK));
  assert.equal(element.calls.length, before);
});

test('own turn is no news, even where the socket is first to tell of it', async () => {
  const { fake, state, element, connection } = await opened();
  let answer;
  state.stream = (response) => {
    answer = response;
    fake.sockets[0].send({ type: 'turn', turn_id: 'turn_1' });
    setTimeout(() => stream(response, [frame(1)]), 50);
  };
  const response = await connection.fetch(fake.url, SAY);
  fake.sockets[0].send({ type: 'delta', turn_id: 'turn_1' });
  answer.end();
  await response.text();
  fake.sockets[0].send({ type: 'response', turn_id: 'turn_1' });
  await rest(2 * (FAST.updates + SLACK));
  assert.equal(element.calls.length, 0);
});

test('element is left alone while it streams, and told afterwards', async () => {
  const { fake, state, element, connection } = await opened();
  let answer;
  state.stream = (response) => {
    answer = stream(response, [frame(1)]);
  };
  const reading = (await connection.fetch(fake.url, SAY)).text();
  fake.sockets[0].send({ type: 'item', item: {} });
  await rest(2 * (FAST.updates + SLACK));
  assert.equal(element.calls.length, 0);
  answer.end();
  await reading;
  await until(() => element.calls.length === 1, 'the update');
});

test('stopped turn is news until it is over', async () => {
  const { fake, state, element, connection } = await opened();
  state.stream = (response) => stream(response, [frame(1)]);
  fake.on('/api/turns/turn_1/cancel', (_, response) => json(response, {}, 202));
  const stop = new AbortController();
  await connection.fetch(fake.url, { ...SAY, signal: stop.signal });
  stop.abort();
  await until(() => element.calls.length === 1, 'an update');
  fake.sockets[0].send({ type: 'response', turn_id: 'turn_1' });
  await until(() => element.calls.length === 2, 'the last update');
});

test('turn that goes on after its stream has ended is news', async () => {
  const { fake, state, element, connection } = await opened();
  state.stream = (response) => stream(response, [frame(1)]).end();
  await (await connection.fetch(fake.url, SAY)).text();
  fake.sockets[0].send({ type: 'delta', turn_id: 'turn_1' });
  await rest(FAST.updates + 50);
  assert.equal(element.calls.length, 0);
  fake.sockets[0].send({ type: 'delta', turn_id: 'turn_1' });
  await until(() => element.calls.length === 1, 'the update');
});

test('broken socket comes back and reads what it has missed', async () => {
  const { fake, element } = await opened();
  await rest(50);
  fake.sockets[0].socket.destroy();
  await until(() => element.calls.length === 1, 'the update');
  assert.equal(fake.sockets.length, 2);
});

test('socket of a server that restarts comes back, turned away or not, and reads what it has missed', async () => {
  const { fake, element } = await opened();
  await rest(50);
  const welcome = fake.onSocket;
  fake.onSocket = (socket, message) => (fake.sockets.length < 4 ? socket.close(1012) : welcome(socket, message));
  fake.sockets[0].close(1012);
  await until(() => element.calls.length === 1, 'the update');
  assert.deepEqual(fake.sockets.map(({ token }) => token), Array(4).fill('secret-1'));
});

test('dead secret closes the socket, and a new one opens it; a second refusal is the end', async () => {
  const { fake } = await opened();
  fake.sockets[0].close(4401);
  await until(() => fake.sockets[1]?.said.length === 1, 'the second socket');
  assert.equal(fake.sockets[1].token, 'secret-2');
  fake.onSocket = (socket) => socket.close(4401);
  fake.sockets[1].close(4401);
  await rest(500);
  assert.equal(fake.sockets.length, 3);
});

test('thread that the element shows is the one that is followed', async () => {
  const { fake, element } = await opened();
  const show = (threadId) => element.dispatchEvent(new CustomEvent('chatkit.thread.change', { detail: { threadId } }));
  show('thr_2');
  await until(() => fake.sockets[1]?.said.length === 1, 'the other thread');
  assert.equal(fake.sockets[1].said[0].thread_id, 'thr_2');
  await element.read(); // thr_1 once more, as a client does that looks ahead
  show(null);
  await rest(200);
  assert.equal(fake.sockets.length, 2);
});

test('element that knows better than to read is asked again', async () => {
  const { fake, element } = await opened();
  element.readAt = Date.now() + 300; // it keeps for longer what it has read ahead
  fake.sockets[0].send({ type: 'item', item: {} });
  await until(() => fake.of('/chatkit').length === 2, 'a read');
  assert.ok(element.calls.length >= 2);
});

test('closed connection is silent', async () => {
  const { fake, element, connection } = await opened();
  fake.sockets[0].send({ type: 'item', item: {} });
  await rest(20);
  connection.close();
  await rest(2 * (FAST.updates + SLACK));
  assert.equal(element.calls.length, 0);
  assert.equal(fake.sockets.length, 1);
});

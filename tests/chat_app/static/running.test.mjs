// Turns that this page has not asked for: told of, claimed, followed through a lost network, stopped; and the list of threads.
import assert from 'node:assert/strict';
import test from 'node:test';
import { FAST, Fake, SAY, call, cut, frame, frames, greeting, join, json, rest, stream, until } from './backend.mjs';

const OPEN = call('threads.get_by_id', { thread_id: 'thr_1' });
const EVENTS = '/chatkit/turns/turn_9/events';
const SETTLED = 2 * (FAST.updates + 150);

class Element extends EventTarget {
  isConnected = true;
  updates = 0;

  async fetchUpdates() {
    this.updates += 1;
  }
}

/** A page that has opened its thread; `told` are the turns that it was told of. */
async function opened({ active, reads, onTurn } = {}) {
  const fake = await Fake.start();
  const state = { fake, told: [], lists: 0, element: new Element() };
  fake.on('/chatkit', ({ body }, response) => {
    if (JSON.parse(body).type !== 'threads.get_by_id') return state.post(response);
    return json(response, { id: 'thr_1' }, 200, reads ? { 'X-Active-Turn-Id': reads } : {});
  });
  fake.on(EVENTS, (asked, response) => state.get(asked, response));
  fake.onSocket = greeting(active);
  const connection = join(fake, {
    element: () => state.element,
    onTurn: (turnId, threadId) => {
      state.told.push(`${turnId} in ${threadId}`);
      onTurn?.(turnId, connection);
    },
    onThreads: () => {
      state.lists += 1;
    },
  });
  await (await connection.fetch(fake.url, OPEN)).json();
  await until(() => fake.sockets[0]?.said.some(({ type }) => type === 'follow'), 'the follow');
  await rest(30);
  return { ...state, state, connection, socket: fake.sockets[0] };
}

const claim = (turnId, connection) => connection.claim(turnId);

test('turn that runs when the socket comes up is told, with its thread', async () => {
  const { told } = await opened({ active: 'turn_9' });
  assert.deepEqual(told, ['turn_9 in thr_1']);
});

test('turn that a read tells of is told', async () => {
  const { told } = await opened({ reads: 'turn_9' });
  assert.deepEqual(told, ['turn_9 in thr_1']);
});

test('turn that begins elsewhere is told, and is news where nobody claims it', async () => {
  const { told, socket, element } = await opened();
  socket.send({ type: 'turn', turn_id: 'turn_9', state: 'running' });
  await until(() => element.updates === 1, 'the update');
  assert.deepEqual(told, ['turn_9 in thr_1']);
});

test('claimed turn is told once and is no news until it was released', async () => {
  const { told, socket, element, connection } = await opened({ onTurn: claim });
  socket.send({ type: 'turn', turn_id: 'turn_9' });
  socket.send({ type: 'delta', turn_id: 'turn_9' });
  socket.send({ type: 'turn', turn_id: 'turn_9' });
  await rest(SETTLED);
  assert.equal(element.updates, 0);
  connection.release('turn_9');
  socket.send({ type: 'response', turn_id: 'turn_9' });
  await rest(SETTLED);
  assert.equal(element.updates, 0);
  assert.deepEqual(told, ['turn_9 in thr_1']);
  socket.send({ type: 'delta', turn_id: 'turn_9' });
  await until(() => element.updates === 1, 'the update');
});

test('other news waits for the release of a claimed turn', async () => {
  const { socket, element, connection } = await opened();
  connection.claim('turn_9');
  connection.claim('turn_9');
  socket.send({ type: 'item', item: {} });
  await rest(SETTLED);
  connection.release('turn_9');
  await rest(SETTLED);
  assert.equal(element.updates, 0);
  connection.release('turn_9');
  connection.release('turn_9'); // once too often
  await until(() => element.updates === 1, 'the update');
});

test('turn of a request on its way is not told, and one of another tab meanwhile is', async () => {
  const { state, told, fake, socket, connection } = await opened({ onTurn: claim });
  state.post = (response) => {
    socket.send({ type: 'turn', turn_id: 'turn_1' });
    setTimeout(() => stream(response, [frame(1)]).end(), 60);
  };
  await (await connection.fetch(fake.url, SAY)).text();
  assert.deepEqual(told, []);
  state.post = (response) => {
    socket.send({ type: 'turn', turn_id: 'turn_9' });
    setTimeout(() => json(response, { message: 'Busy.' }, 409), 60);
  };
  await (await connection.fetch(fake.url, SAY)).text();
  assert.deepEqual(told, ['turn_9 in thr_1']);
});

test('turn is followed through every cut, each frame once', async () => {
  const { state, fake, connection } = await opened();
  const asked = [];
  state.get = ({ headers }, response) => {
    const last = headers['last-event-id'];
    asked.push([headers.authorization, last]);
    assert.equal(headers['x-chat-connector'], '1');
    const from = Number((last ?? ':0').split(':')[1]) + 1;
    if (from > 9) return response.writeHead(204).end();
    const sent = stream(response, frames(Math.max(1, from - 1), Math.min(9, from + 2)).map(other), 'turn_9');
    return cut(sent);
  };
  const response = await connection.reattach('turn_9');
  assert.equal(response.headers.get('X-Turn-Id'), 'turn_9');
  assert.equal(await response.text(), frames(1, 9).map(other).join(''));
  assert.deepEqual(asked.map(([, last]) => last), [undefined, 'turn_9:3', 'turn_9:6', 'turn_9:9']);
  assert.ok(asked.every(([who]) => who === 'Bearer secret-1'));
  assert.equal(fake.of(EVENTS)[0].method, 'GET');
});

test('follow goes on behind what the page has, also where it is cut before anything came', async () => {
  const { state, connection } = await opened();
  const asked = [];
  state.get = ({ headers }, response, count = asked.push(headers['last-event-id'])) => {
    if (count === 1) return cut(stream(response, [], 'turn_9'));
    return stream(response, frames(4, 7).map(other), 'turn_9').end();
  };
  const response = await connection.reattach('turn_9', 'turn_9:5');
  assert.equal(await response.text(), frames(6, 7).map(other).join(''));
  assert.deepEqual(asked, ['turn_9:5', 'turn_9:5']);
});

test('server away is asked again, and other answers are given as they are', async () => {
  const { state, element, connection } = await opened();
  const statuses = [503, 204, 404];
  state.get = (_, response) => json(response, { message: 'No.' }, statuses.shift());
  assert.equal((await connection.reattach('turn_9', 'turn_9:5')).status, 204);
  await rest(SETTLED);
  assert.equal(element.updates, 0);
  assert.equal((await connection.reattach('turn_9')).status, 404);
  await until(() => element.updates === 1, 'the update');
});

test('followed turn is claimed while it lasts, and leaving it stops nothing', async () => {
  const { state, fake, socket, element, connection } = await opened();
  state.get = (_, response) => stream(response, [other(frame(1))], 'turn_9');
  const leave = new AbortController();
  const response = await connection.reattach('turn_9', null, leave.signal);
  socket.send({ type: 'delta', turn_id: 'turn_9' });
  await rest(SETTLED);
  assert.equal(element.updates, 0);
  const reading = response.text();
  leave.abort();
  await assert.rejects(reading, { name: 'AbortError' });
  await rest(SETTLED);
  assert.deepEqual(fake.asked.filter(({ path }) => path.includes('cancel')), []);
  socket.send({ type: 'delta', turn_id: 'turn_9' });
  await until(() => element.updates === 1, 'the update');
});

test('stream that cannot be picked up in time ends in words, and is read instead', async () => {
  const { state, element, connection } = await opened();
  let count = 0;
  state.get = (_, response) => {
    count += 1;
    return count === 1 ? cut(stream(response, [other(frame(1))], 'turn_9')) : json(response, {}, 404);
  };
  const text = await (await connection.reattach('turn_9')).text();
  assert.match(text, /"notice"/);
  await until(() => element.updates === 1, 'the update');
});

test('stop reaches the backend in the end, and says whether it was taken', async () => {
  const { fake, connection } = await opened();
  fake.on('/api/turns/turn_9/cancel', (_, response, count) => json(response, {}, count === 1 ? 503 : 202));
  assert.equal(await connection.stop('turn_9'), true);
  assert.equal(await connection.stop('turn_of_nobody'), false);
});

test('list of threads is said to have changed by a title and by a turn elsewhere', async () => {
  const { state, socket } = await opened({ onTurn: claim });
  socket.send({ type: 'thread', thread_id: 'thr_1', title: 'New' });
  await until(() => state.lists === 1, 'the title');
  socket.send({ type: 'turn', turn_id: 'turn_9' });
  await until(() => state.lists === 2, 'the turn');
});

function other(text) {
  return text.replace('turn_1', 'turn_9');
}

// An answer through a bad network: once, whole and in order; and a Stop that reaches the turn.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Fake, SAY, call, cut, frame, frames, join, json, rest, stream, until } from './backend.mjs';

const CREATED = 'data: {"type":"thread.created"}\n\n';
const CANCEL = '/api/turns/turn_1/cancel';
const text = async (response) => (await response).text();

/** Answer with the rest of `whole` behind Last-Event-ID, and cut each connection after the number that `cuts` has for it. */
function playing(whole, cuts, prelude = '') {
  return ({ headers }, response, count) => {
    const last = Number((headers['last-event-id'] ?? ':0').split(':')[1]);
    const upTo = cuts[count - 1];
    const left = whole.slice(last, upTo);
    stream(response, [...(last ? [] : [prelude]), ...left]);
    return upTo === undefined ? response.end() : cut(response);
  };
}

test('answer that breaks off goes on in the same response, once and in order', async () => {
  const fake = (await Fake.start()).on('/chatkit', playing(frames(1, 9), [3, 6], CREATED));
  const { fetch, states } = join(fake);
  assert.equal(await text(fetch(fake.url, SAY)), CREATED + frames(1, 9).join(''));
  const asked = fake.of('/chatkit');
  assert.deepEqual(asked.map(({ headers }) => headers['last-event-id']), [undefined, 'turn_1:3', 'turn_1:6']);
  assert.equal(new Set(asked.map(({ headers }) => headers['idempotency-key'])).size, 1);
  assert.equal(new Set(asked.map(({ body }) => body)).size, 1);
  assert.ok(asked.every(({ headers }) => headers['x-chat-connector'] === '1'));
  assert.deepEqual(states, ['connected', 'reconnecting', 'connected', 'reconnecting', 'connected']);
});

test('idempotency key of the caller is kept, in each try', async () => {
  const fake = (await Fake.start()).on('/chatkit', playing(frames(1, 4), [2], CREATED));
  const init = { ...SAY, headers: { ...SAY.headers, 'Idempotency-Key': 'restart-trn_1' } };
  await text(join(fake).fetch(fake.url, init));
  assert.deepEqual(fake.of('/chatkit').map(({ headers }) => headers['idempotency-key']), ['restart-trn_1', 'restart-trn_1']);
});

test('beginning that has no numbers is not said twice', async () => {
  const fake = (await Fake.start()).on('/chatkit', ({ headers }, response, count) => {
    assert.equal(headers['last-event-id'], undefined);
    stream(response, count === 1 ? [CREATED] : [CREATED, ...frames(1, 3)]);
    return count === 1 ? cut(response) : response.end();
  });
  assert.equal(await text(join(fake).fetch(fake.url, SAY)), CREATED + frames(1, 3).join(''));
});

test('frames that share the number of the next are not said twice either', async () => {
  const [added, part] = ['data: {"type":"thread.item.added"}\n\n', frame(2)];
  const fake = (await Fake.start()).on('/chatkit', ({ headers }, response, count) => {
    if (count === 1) return cut(stream(response, [CREATED, frame(1), added]));
    assert.equal(headers['last-event-id'], 'turn_1:1');
    return stream(response, [added, part, added, frame(3)]).end();
  });
  assert.equal(await text(join(fake).fetch(fake.url, SAY)), CREATED + frame(1) + added + part + added + frame(3));
});

test('frame that was cut in two is passed on whole, and frames that come again are not', async () => {
  const fake = (await Fake.start()).on('/chatkit', (_, response, count) => {
    const [first, second] = [frame(1), frame(2)];
    stream(response, count === 1 ? [first, second.slice(0, 12)] : [first, second.slice(0, 20)]);
    if (count === 1) return response.end(); // a proxy closes politely what it has cut
    return setTimeout(() => response.end(second.slice(20)), 20);
  });
  assert.equal(await text(join(fake).fetch(fake.url, SAY)), frame(1) + frame(2));
});

test('stream that goes silent is taken for dead', async () => {
  const fake = (await Fake.start()).on('/chatkit', (_, response, count) => {
    stream(response, count === 1 ? frames(1, 2) : frames(3, 4));
    if (count > 1) response.end();
  });
  assert.equal(await text(join(fake).fetch(fake.url, SAY)), frames(1, 4).join(''));
});

test('server that is away for a while is waited for', async () => {
  const fake = (await Fake.start()).on('/chatkit', (asked, response, count) => {
    if (count > 1 && count < 5) return json(response, { message: 'Away.' }, 503);
    return playing(frames(1, 4), [2])(asked, response, count);
  });
  assert.equal(await text(join(fake).fetch(fake.url, SAY)), frames(1, 4).join(''));
});

test('answer that a restarting server leaves to another is picked up there', async () => {
  const fake = (await Fake.start()).on('/chatkit', ({ headers }, response, count) => {
    if (count === 1) return stream(response, [...frames(1, 2), ': to be continued\n']).end();
    if (count === 2) return json(response, { message: 'The server is restarting.' }, 503, { 'Retry-After': '1' });
    assert.equal(headers['last-event-id'], 'turn_1:2');
    return stream(response, frames(3, 4)).end();
  });
  const { fetch, states } = join(fake);
  const begun = Date.now();
  assert.equal(await text(fetch(fake.url, SAY)), frames(1, 4).join(''));
  assert.ok(Date.now() - begun >= 1_000);
  assert.deepEqual(states, ['connected', 'reconnecting', 'connected']);
});

test('answer that cannot be picked up in time ends with a notice, and is no longer this page\'s own', async () => {
  const fake = (await Fake.start()).on('/chatkit', (_, response, count) => {
    if (count > 1) return response.destroy();
    stream(response, frames(1, 2));
    return cut(response);
  });
  const { fetch, states } = join(fake, { timing: { first: 20, longest: 50, patience: 200, updates: 10 } });
  const said = await text(fetch(fake.url, SAY));
  assert.ok(said.startsWith(frames(1, 2).join('')));
  assert.match(said.slice(frames(1, 2).join('').length), /^data: \{"type":"notice".*\n\n$/);
  assert.equal(states.at(-1), 'failed');
});

test('clean end is trusted', async () => {
  const fake = (await Fake.start()).on('/chatkit', (_, response) => stream(response, frames(1, 2)).end());
  assert.equal(await text(join(fake).fetch(fake.url, SAY)), frames(1, 2).join(''));
  assert.equal(fake.of('/chatkit').length, 1);
});

test('server that names no turn is not asked for the rest', async () => {
  const fake = (await Fake.start()).on('/chatkit', (_, response) => cut(stream(response, ['data: {}\n\n'], null)));
  await assert.rejects(text(join(fake).fetch(fake.url, SAY)));
  assert.equal(fake.of('/chatkit').length, 1);
});

test('stop cancels the turn and ends the stream', async () => {
  const fake = (await Fake.start()).on('/chatkit', (_, response) => stream(response, frames(1, 2)));
  fake.on(CANCEL, (_, response) => json(response, {}, 202));
  const stop = new AbortController();
  const response = await join(fake).fetch(fake.url, { ...SAY, signal: stop.signal });
  const reader = response.body.getReader();
  await reader.read();
  stop.abort();
  await assert.rejects(reader.read(), { name: 'AbortError' });
  await until(() => fake.of(CANCEL).length === 1, 'the cancel');
  assert.match(fake.of(CANCEL)[0].headers.authorization, /^Bearer secret-1$/);
  await rest(100);
  assert.equal(fake.of('/chatkit').length, 1);
});

test('stop before the turn has a name cancels it once it has one', async () => {
  const fake = (await Fake.start()).on('/chatkit', (_, response) => setTimeout(() => stream(response, []), 100));
  fake.on(CANCEL, (_, response) => json(response, {}, 202));
  const stop = new AbortController();
  const asked = join(fake).fetch(fake.url, { ...SAY, signal: stop.signal });
  await until(() => fake.of('/chatkit').length === 1, 'the request');
  stop.abort();
  await assert.rejects(asked, { name: 'AbortError' });
  await until(() => fake.of(CANCEL).length === 1, 'the cancel');
});

test('stop while the network is lost cancels the turn when it is back', async () => {
  let away = true;
  const fake = (await Fake.start()).on('/chatkit', (_, response, count) => {
    if (count > 1) return response.destroy();
    return cut(stream(response, frames(1, 2)));
  });
  fake.on(CANCEL, (_, response) => (away ? response.destroy() : json(response, {}, 202)));
  const stop = new AbortController();
  const { fetch } = join(fake);
  const reader = (await fetch(fake.url, { ...SAY, signal: stop.signal })).body.getReader();
  await reader.read();
  await rest(80);
  stop.abort();
  await until(() => fake.of(CANCEL).length === 2, 'two tries');
  away = false;
  const before = fake.of(CANCEL).length;
  await until(() => fake.of(CANCEL).length > before, 'the cancel');
});

test('reader that leaves cancels nothing', async () => {
  const fake = (await Fake.start()).on('/chatkit', (_, response) => stream(response, frames(1, 2)));
  const response = await join(fake).fetch(fake.url, SAY);
  await response.body.cancel();
  await rest(100);
  assert.equal(fake.of(CANCEL).length, 0);
});

test('refusal of a stream is an event that the client shows', async () => {
  const fake = (await Fake.start()).on('/chatkit', (_, response) => json(response, { message: 'Too long.' }, 413));
  const response = await join(fake).fetch(fake.url, call('threads.create'));
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('X-Chat-Away'), null); // somebody has answered
  assert.deepEqual(JSON.parse((await response.text()).slice('data: '.length)), {
    type: 'error', code: 'custom', message: 'Too long.', allow_retry: false,
  });
});

test('stop of a client tool\'s stream is one too', async () => {
  const fake = (await Fake.start()).on('/chatkit', (_, response) => stream(response, []));
  fake.on(CANCEL, (_, response) => json(response, {}, 202));
  const stop = new AbortController();
  const init = { ...call('threads.add_client_tool_output', { thread_id: 'thr_1' }), signal: stop.signal };
  const request = new Request(fake.url, init); // Node hands a signal on only for as long as somebody holds the request
  await join(fake).fetch(request);
  stop.abort();
  assert.ok(request.signal.aborted);
  await until(() => fake.of(CANCEL).length === 1, 'the cancel');
});

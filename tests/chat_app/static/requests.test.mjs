// What goes out, in whose name, how often, and to whom.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Fake, SAY, call, join, json, rest, stream, frames } from './backend.mjs';

const LIST = call('threads.list', { limit: 9999 });
const SESSION = '/api/custom/session';
const data = (response) => json(response, { data: [] });

test('secret is fetched once for all who ask meanwhile, and sent as Bearer', async () => {
  const fake = (await Fake.start()).on('/chatkit', (_, response) => data(response));
  const { fetch } = join(fake);
  await Promise.all([fetch(fake.url, LIST), fetch(fake.url, LIST), fetch(fake.url, LIST)]);
  assert.equal(fake.secrets, 1);
  assert.deepEqual(fake.of('/chatkit').map(({ headers }) => headers.authorization), Array(3).fill('Bearer secret-1'));
});

test('call says that the connector makes it', async () => {
  const fake = (await Fake.start()).on('/chatkit', (_, response) => data(response));
  await join(fake).fetch(fake.url, LIST);
  assert.equal(fake.of('/chatkit')[0].headers['x-chat-connector'], '1');
});

test('secret is renewed before it ends, with the current one in hand', async () => {
  const fake = (await Fake.start()).on('/chatkit', (_, response) => data(response));
  fake.secretLife = 200;
  const { fetch } = join(fake);
  await fetch(fake.url, LIST);
  await rest(170);
  await fetch(fake.url, LIST);
  assert.equal(fake.secrets, 2);
  assert.deepEqual(fake.of(SESSION).map(({ body }) => JSON.parse(body)), [{}, { current: 'secret-1' }]);
});

test('dead secret is renewed once and the call made again', async () => {
  const fake = (await Fake.start()).on('/chatkit', (_, response) => data(response));
  const { fetch } = join(fake);
  await fetch(fake.url, LIST);
  fake.good = 'secret-2';
  const all = await Promise.all([fetch(fake.url, LIST), fetch(fake.url, LIST)]);
  assert.deepEqual(all.map(({ status }) => status), [200, 200]);
  assert.equal(fake.secrets, 2);
});

test('second 401 is the answer', async () => {
  const fake = (await Fake.start()).on('/chatkit', (_, response) => data(response));
  fake.good = 'another';
  assert.equal((await join(fake).fetch(fake.url, LIST)).status, 401);
  assert.equal(fake.of('/chatkit').length, 2);
});

test('clock that disagrees with the server does not renew each time', async () => {
  const fake = (await Fake.start()).on('/chatkit', (_, response) => data(response));
  fake.secretLife = -5_000;
  const { fetch } = join(fake);
  await fetch(fake.url, LIST);
  await fetch(fake.url, LIST);
  assert.equal(fake.secrets, 1);
});

test('refused session is told in words, and not tried again', async () => {
  const fake = (await Fake.start()).on(SESSION, (_, response) => json(response, { detail: 'Sign in.' }, 401));
  const response = await join(fake).fetch(fake.url, LIST);
  assert.equal(response.status, 401);
  assert.equal((await response.json()).message, 'Sign in.');
  assert.equal(fake.of(SESSION).length, 1);
  assert.equal(fake.of('/chatkit').length, 0);
});

test('secret may come from the page, for each backend its own', async () => {
  const fake = (await Fake.start()).on('/chatkit', (_, response) => data(response));
  const asked = [];
  const getClientSecret = async (...given) => asked.push(given) && 'mine';
  await join(fake, { getClientSecret }).fetch(fake.url, LIST);
  assert.deepEqual(asked, [[null, fake.url]]);
  assert.equal(fake.of('/chatkit')[0].headers.authorization, 'Bearer mine');
});

test('page that cannot give a secret is not asked again', async () => {
  const fake = await Fake.start();
  let asked = 0;
  const getClientSecret = async () => {
    asked += 1;
    throw new Error('no');
  };
  await assert.rejects(join(fake, { getClientSecret }).fetch(fake.url, LIST), /No client secret/);
  assert.equal(asked, 1);
});

test('cookies alone speak where no session is wanted', async () => {
  const fake = (await Fake.start()).on('/chatkit', (_, response) => data(response));
  await join(fake, { sessionUrl: null }).fetch(fake.url, LIST);
  assert.equal(fake.secrets, 0);
  assert.equal(fake.of('/chatkit')[0].headers.authorization, undefined);
});

test('unavailable server is tried three times, with growing pauses', async () => {
  const times = [];
  const fake = (await Fake.start()).on('/chatkit', (_, response, count) => {
    times.push(Date.now());
    return count < 3 ? json(response, {}, 503) : data(response);
  });
  const { fetch, states } = join(fake, { timing: { first: 100 } });
  assert.equal((await fetch(fake.url, LIST)).status, 200);
  assert.deepEqual(states, ['retrying', 'connected']);
  assert.ok(times[1] - times[0] >= 70 && times[2] - times[1] >= 140, String(times));
});

test('server that stays away is the answer after three tries', async () => {
  const fake = (await Fake.start()).on('/chatkit', (_, response) => json(response, { message: 'Full.' }, 503));
  const { fetch, states } = join(fake);
  const response = await fetch(fake.url, LIST);
  assert.equal((await response.json()).message, 'Full.');
  assert.equal(fake.of('/chatkit').length, 3);
  assert.equal(states.at(-1), 'failed');
});

test('Retry-After is obeyed, and beyond patience not waited for', async () => {
  const fake = (await Fake.start()).on('/chatkit', (_, response, count) => (
    count === 1 ? json(response, {}, 503, { 'Retry-After': '1' }) : json(response, {}, 503, { 'Retry-After': '60' })));
  const begun = Date.now();
  const response = await join(fake, { timing: { first: 10, longest: 2_000 } }).fetch(fake.url, LIST);
  assert.equal(response.status, 503);
  assert.ok(Date.now() - begun >= 1_000 && Date.now() - begun < 2_500);
  assert.equal(fake.of('/chatkit').length, 2);
});

test('refusal is not tried again', async () => {
  for (const status of [400, 403, 404, 409, 413, 429, 500]) {
    const fake = (await Fake.start()).on('/chatkit', (_, response) => json(response, {}, status));
    assert.equal((await join(fake).fetch(fake.url, LIST)).status, status);
    assert.equal(fake.of('/chatkit').length, 1, String(status));
  }
});

test('lost connection before an answer is tried again, but not what must happen once', async () => {
  const fake = (await Fake.start()).on('/chatkit', (_, response, count) => (count < 3 ? response.destroy() : data(response)));
  const { fetch } = join(fake);
  assert.equal((await fetch(fake.url, LIST)).status, 200);
  const other = (await Fake.start()).on('/chatkit', (_, response) => response.destroy());
  await assert.rejects(join(other).fetch(other.url, call('threads.sync_custom_action', {})));
  assert.equal(other.of('/chatkit').length, 1);
});

test('message that had no answer keeps its key when it is sent again, and the next one has its own', async () => {
  let away = true;
  const fake = (await Fake.start()).on('/chatkit', (_, response) => (
    away ? response.destroy() : stream(response, frames(1, 1)).end()));
  const { fetch } = join(fake);
  const response = await fetch(fake.url, SAY);
  assert.equal(response.headers.get('X-Chat-Away'), '1'); // for who would rather wait
  const failed = await response.text();
  assert.match(failed, /"type":"error".*cannot be reached/);
  away = false;
  await (await fetch(fake.url, SAY)).text();
  await (await fetch(fake.url, SAY)).text();
  const keys = fake.of('/chatkit').map(({ headers }) => headers['idempotency-key']);
  assert.equal(keys.length, 5);
  assert.equal(new Set(keys.slice(0, 4)).size, 1);
  assert.notEqual(keys[3], keys[4]);
});

test('upload to the backend brings the secret, and is made again when that is dead', async () => {
  const fake = (await Fake.start()).on('/upload', (_, response) => json(response, { id: 'att_1' }));
  const { fetch } = join(fake);
  await fetch(`${fake.origin}/upload`, { method: 'POST', body: new FormData() });
  fake.good = 'secret-2';
  const body = new FormData();
  body.append('file', new Blob(['hello']), 'a.txt');
  const response = await fetch(`${fake.origin}/upload`, { method: 'POST', body });
  assert.equal(response.status, 200);
  assert.match(fake.of('/upload').at(-1).body, /filename="a.txt"[^]*hello/);
});

test('foreign host is never shown the secret', async () => {
  const [fake, other] = [await Fake.start(), await Fake.start()];
  fake.on('/chatkit', (_, response) => data(response));
  other.on('/put', (_, response) => data(response));
  const { fetch } = join(fake);
  await fetch(fake.url, LIST);
  await fetch(`${other.origin}/put`, { method: 'PUT', body: 'x', headers: { 'X-Own': '1' } });
  const [{ headers }] = other.of('/put');
  assert.equal(headers.authorization, undefined);
  assert.equal(headers['x-own'], '1');
});

test('nothing asked holds the secret in its address', async () => {
  const fake = (await Fake.start()).on('/chatkit', (_, response) => stream(response, frames(1, 2)).end());
  await (await join(fake).fetch(fake.url, SAY)).text();
  assert.ok(fake.asked.length >= 2);
  assert.ok(fake.asked.every(({ path }) => !path.includes('secret')));
});

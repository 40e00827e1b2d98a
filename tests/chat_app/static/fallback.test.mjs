// A second backend for when the first does not answer: who is asked, in which order, and where a thread stays.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Fake, call, cut, frames, join, json, stream } from './backend.mjs';

const CREATE = call('threads.create');
const say = (thread_id) => call('threads.add_user_message', { thread_id });

async function pair() {
  const [first, second] = [await Fake.start(), await Fake.start()];
  first.on('/chatkit', (_, response) => json(response, { message: 'Down.' }, 503));
  second.on('/chatkit', (_, response) => stream(response, frames(1, 2), 'turn_1', { 'X-Thread-Id': 'thr_2' }).end());
  return { first, second, ...join(first, { fallbackUrl: second.url }) };
}

test('fallback answers when the first is down, with a session of its own', async () => {
  const { first, second, fetch, states } = await pair();
  assert.equal(await (await fetch(first.url, CREATE)).text(), frames(1, 2).join(''));
  assert.equal(first.of('/chatkit').length, 3);
  assert.equal(second.secrets, 1);
  assert.equal(states.at(-1), 'fallback');
});

test('thread stays where it was begun, also when the first is back', async () => {
  const { first, second, fetch } = await pair();
  await (await fetch(first.url, CREATE)).text();
  first.on('/chatkit', (_, response) => json(response, { message: 'Not here.' }, 404));
  await (await fetch(first.url, say('thr_2'))).text();
  assert.equal(first.of('/chatkit').length, 3);
  assert.equal(second.of('/chatkit').length, 2);
});

test('new things go to the fallback at once while the first is known to be away', async () => {
  const { first, second, fetch } = await pair();
  await (await fetch(first.url, CREATE)).text();
  await (await fetch(first.url, CREATE)).text();
  assert.equal(first.of('/chatkit').length, 3);
  assert.equal(second.of('/chatkit').length, 2);
});

test('failure of a thread\'s own backend is told, not that the other does not know it', async () => {
  const { first, second, fetch } = await pair();
  second.on('/chatkit', (_, response) => json(response, { message: 'Not here.' }, 404));
  const response = await fetch(first.url, call('threads.get_by_id', { thread_id: 'thr_1' }));
  assert.equal(response.status, 503);
  assert.equal((await response.json()).message, 'Down.');
});

test('refusal of the first is the answer', async () => {
  const { first, second, fetch } = await pair();
  first.on('/chatkit', (_, response) => json(response, { message: 'No.' }, 403));
  assert.equal((await fetch(first.url, call('threads.list'))).status, 403);
  assert.equal(second.asked.length, 0);
});

test('broken answer is picked up, and stopped, where it began', async () => {
  const { first, second, fetch } = await pair();
  second.on('/chatkit', (_, response, count) => (
    count === 1 ? cut(stream(response, frames(1, 2))) : stream(response, frames(3, 4))));
  second.on('/api/turns/turn_1/cancel', (_, response) => json(response, {}, 202));
  const stop = new AbortController();
  const reader = (await fetch(first.url, { ...CREATE, signal: stop.signal })).body.getReader();
  let said = '';
  while (!said.includes('"n":4')) said += new TextDecoder().decode((await reader.read()).value);
  stop.abort();
  while (second.of('/api/turns/turn_1/cancel').length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(said, frames(1, 4).join(''));
  assert.equal(first.of('/api/turns/turn_1/cancel').length, 0);
});

/**
 * An answer that the server has ended in order to restart: it is asked for again, as the same request in every tab, and waited
 * for until the server is back. Only a stream that is read tells of it: a message of the past is never asked for again.
 */

import { sleep } from '../../connect/backoff.js';

const ROUND = 2_000; // ms between the rounds of the connector's own patience

/** Whether what a run has come to needs no word, since it goes on by itself. */
export function goesOn(kit, run) {
  const isSo = run.reason === 'restart' && Boolean(kit.transport.connection) && !run.left && !run.stopped;
  if (isSo) run.failed = true;
  return isSo;
}

/** What is to be asked for again, as `retry_after_item` has it. -> null where the conversation has gone on */
export function again(kit, run) {
  const { items } = kit;
  const before = items.get(run.first) ? items.before(run.first, () => true) : items.last((item) => !item.pending);
  if (!before || !run.turnId) return null;
  const replaces = items.behind(before.id);
  if (replaces.some((id) => items.get(id).type === 'user_message')) return null;
  return { after: before.id, replaces, key: `restart-${run.turnId}` };
}

/** Ask until somebody answers. -> the stream, null where the server will not have it @throws AbortError, at Stop */
export async function insist(kit, type, params, run) {
  const { signal } = run.control;
  kit.store.set({ progress: { text: kit.t('thread.restarting'), icon: 'retry' } });
  for (;;) {
    const stream = await kit.client.stream(type, params, { signal, key: run.key });
    if (stream.turnId) return stream;
    while (!(await stream.events.next()).done); // what it says is for who has asked, and nobody has
    if (!stream.away) return null;
    await sleep(ROUND, signal);
  }
}

/** What each event of a stream does to what is shown. How the stream came, and how it ends, is known elsewhere. */

import { ChatKitError } from '../protocol/client.js';
import { goesOn } from './restart.js';
import { applyThread } from './threads.js';

/**
 * @param {object} kit
 * @param {object} event as the protocol has it
 * @param {object} run the turn that the stream belongs to: {optimistic, accept(), calls}
 */
export function take(kit, event, run) {
  if (Object.hasOwn(EVENTS, event.type)) EVENTS[event.type](kit, event, run); // what is not known is of a later version of the protocol
}

/** An event of a stream whose thread is not shown any more: only whether the server has what was sent. */
export function overhear(kit, event, run) {
  if (event.type === 'thread.created') run.threadId = event.thread?.id ?? null;
  if (event.type === 'error' && !run.isAccepted) throw new ChatKitError(event.message || kit.t('thread.error'));
  if (event.type === 'stream_options' || event.type.startsWith('thread.')) run.accept();
}

const EVENTS = {
  'thread.created': (kit, { thread }, run) => {
    run.threadId = thread.id;
    applyThread(kit, thread);
    kit.threads.born(thread);
  },
  'thread.updated': (kit, { thread }) => {
    applyThread(kit, thread);
    kit.threads.listed(thread);
  },
  'thread.item.added': (kit, { item }, run) => put(kit, item, run),
  'thread.item.done': (kit, { item }, run) => put(kit, item, run),
  'thread.item.replaced': (kit, { item }, run) => put(kit, item, run),
  'thread.item.updated': (kit, { item_id: id, update }, run) => {
    begun(kit, run);
    kit.items.update(id, update);
    kit.store.touch();
  },
  'thread.item.removed': (kit, { item_id: id }) => {
    kit.items.remove(id);
    kit.store.touch();
  },
  stream_options: (kit, { stream_options: options, answered }, run) => {
    run.accept();
    if (answered) kit.items.know(answered);
    kit.store.set({ canStop: Boolean(options?.allow_cancel) });
  },
  progress_update: (kit, { text, icon }, run) => {
    begun(kit, run);
    kit.store.set({ progress: { text: String(text ?? ''), icon } });
  },
  client_effect: (kit, { name, data }) => kit.emit('effect', { name, data }),
  notice: (kit, { level, message, title }, run) => {
    run.noticed = true;
    kit.notify({ level, message, title });
  },
  error: (kit, { code, message, allow_retry: retry, reason }, run) => {
    run.reason = reason;
    if (goesOn(kit, run)) return;
    const words = message || kit.t('thread.error');
    if (!run.isAccepted && run.optimistic) throw new ChatKitError(words);
    run.failed = true;
    kit.store.set({ error: { message: words, retry: retry !== false && code !== undefined, after: run.after } });
    kit.report(new Error(words));
  },
};

function put(kit, item, run) {
  if (!item) return;
  if (item.type === 'user_message') {
    if (run.optimistic && kit.items.get(run.optimistic.id)) {
      kit.alias(run.optimistic.id, item.id);
      kit.items.swap(run.optimistic.id, item);
      run.optimistic = null;
    } else kit.items.put(item);
    run.sent = item;
    run.accept();
  } else {
    begun(kit, run);
    run.first ??= item.id;
    kit.items.put(item);
    if (run.after) kit.chat.answered.set(item.id, run.after);
    if (item.type === 'client_tool_call' && item.status === 'pending') run.calls.set(item.id, item);
    kit.store.set({ progress: null });
  }
  kit.store.touch();
}

/** The assistant has begun to answer. */
function begun(kit, run) {
  run.accept();
  if (run.answering) return;
  run.answering = true;
  for (const id of run.replaces ?? []) kit.items.remove(id);
  kit.emit('response.start');
}

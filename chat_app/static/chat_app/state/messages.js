/** From the state to the list of messages that are shown. Pure. */

import { answerId, isRunning, textOf } from './fold.js';

/**
 * @typedef {object} Message
 * @property {string} key stable for as long as the message is shown
 * @property {'user' | 'assistant'} role
 * @property {string} text
 * @property {string} state of an answer: running, completed, failed, cancelled, interrupted; of the user's: sent, sending, failed
 * @property {string} [itemId] absent while nothing is stored
 * @property {string} [turnId]
 * @property {string} [model] that answered
 * @property {string} [requested] that was asked for
 * @property {object} [error]
 * @property {boolean} last whether it is the newest answer, the only one that can be tried again
 */

/** The messages of the open thread, oldest first. @returns {Message[]} */
export function messagesOf(state) {
  const { items, turn, pending, names, ends, rated } = state;
  const list = [];
  const stored = new Set();
  const own = ownItem(items, pending);
  for (const item of items) {
    if (item.type === 'user_message') list.push(user(item, item === own ? pending.key : names[item.id]));
    else if (item.type === 'assistant_message') {
      const live = turn && item.turn_id === turn.id ? turn : undefined;
      if (live && stored.has(live.id)) continue; // the turn's text has all of its items
      const first = !stored.has(item.turn_id);
      stored.add(item.turn_id);
      list.push(live ? liveAnswer(live, item) : answer(item, first, ends[item.turn_id]));
    }
  }
  if (pending && !own) list.push(unstored(pending));
  if (turn && !stored.has(turn.id) && worthShowing(turn)) list.push(liveAnswer(turn));
  for (const message of list) if (message.itemId in rated) message.feedback = rated[message.itemId];
  const newest = list.findLast((message) => message.role === 'assistant');
  if (newest && newest === list.at(-1)) newest.last = true;
  return list;
}

function worthShowing(turn) {
  return isRunning(turn) || turn.state !== 'completed' || turn.parts.length > 0;
}

/** The stored item of the message that was sent last, once it is there. */
export function ownItem(items, pending) {
  if (!pending?.turnId) return undefined;
  return items.findLast((item) => item.type === 'user_message' && item.turn_id === pending.turnId);
}

/** Whether a message is on its way and not yet accepted. */
export function unsent(pending) {
  return Boolean(pending) && !pending.error && !pending.turnId;
}

function unstored(pending) {
  const state = pending.error ? 'failed' : pending.turnId ? 'sent' : 'sending';
  return { key: pending.key, role: 'user', text: pending.text, state, error: pending.error };
}

function user(item, name) {
  const key = name ?? item.id;
  return { key, role: 'user', text: item.text ?? '', state: 'sent', itemId: item.id, turnId: item.turn_id };
}

function answer(item, first, end) {
  return {
    key: item.turn_id && first ? `answer-${item.turn_id}` : item.id,
    role: 'assistant',
    text: item.text ?? '',
    state: item.data?.state ?? 'completed',
    itemId: item.id,
    turnId: item.turn_id,
    model: item.model,
    requested: end?.requested ?? item.data?.requested_model,
    error: end?.error,
    usage: end?.usage,
    feedback: item.feedback,
  };
}

function liveAnswer(turn, item) {
  return {
    key: `answer-${turn.id}`,
    role: 'assistant',
    text: textOf(turn) || item?.text || '',
    state: isRunning(turn) ? 'running' : turn.state,
    itemId: item?.id ?? answerId(turn),
    turnId: turn.id,
    model: turn.model ?? item?.model,
    requested: turn.requested,
    reason: turn.reason,
    progress: turn.progress,
    asides: turn.asides,
    usage: turn.usage,
    error: turn.error,
    feedback: item?.feedback,
  };
}

/** Items known so far with a newer page laid over the part of the thread that the page covers; oldest first. */
export function merged(items, page, { whole = false } = {}) {
  const fresh = [...page].sort((a, b) => a.seq - b.seq);
  if (whole || !fresh.length) return whole ? fresh : items;
  return [...items.filter((item) => item.seq < fresh[0].seq), ...fresh];
}

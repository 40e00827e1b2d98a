/**
 * A turn as it is shown, made of the events so far: `fold(view, event)` returns the next view and changes nothing.
 * Pure; no DOM, no network. A snapshot replaces all that was there.
 */

const ANSWER = 'assistant_message';
const OPEN = '';

/** A turn of which nothing is known yet but its name. */
export function emptyTurn(id, threadId, requested) {
  return {
    id,
    threadId,
    requested,
    state: 'queued',
    seq: undefined, // of the last event that is folded in
    model: undefined,
    reason: undefined,
    parts: [],
    asides: [],
    progress: undefined,
    usage: undefined,
    error: undefined,
  };
}

/** The visible answer: the text of all assistant messages, one after another. */
export function textOf(view) {
  const texts = [];
  for (const part of view.parts) if (part.text) texts.push(part.text);
  return texts.length === 1 ? texts[0] : texts.join('\n\n');
}

/** The id of the last stored answer item of this turn, for feedback. */
export function answerId(view) {
  return view.parts.findLast((part) => part.id !== OPEN)?.id;
}

export function isRunning(view) {
  return Boolean(view) && (view.state === 'queued' || view.state === 'running');
}

/** The view after one more event; unknown types change nothing but the place in the turn. */
export function fold(view, event) {
  const next = step(view, event);
  return Number.isInteger(event.seq) ? { ...next, seq: event.seq } : next;
}

function step(view, event) {
  switch (event.type) {
    case 'turn':
      return {
        ...view,
        state: event.state ?? 'running',
        model: event.model ?? view.model,
        threadId: event.thread_id ?? view.threadId,
        reason: event.reason ?? view.reason,
      };
    case 'snapshot':
      return snapshot(view, event);
    case 'delta':
      return { ...view, state: 'running', progress: undefined, parts: appended(view.parts, event) };
    case 'item':
      return item(view, event.item);
    case 'item_removed':
      return { ...view, parts: view.parts.filter((one) => one.id !== event.item_id) };
    case 'progress':
      return { ...view, progress: event.text };
    case 'notice':
      return { ...view, asides: [...view.asides, { level: event.level, detail: event.detail }] };
    case 'completed':
    case 'failed':
    case 'cancelled':
    case 'interrupted':
      return ended(view, event);
    default:
      return view;
  }
}

function snapshot(view, event) {
  const parts = (event.items ?? []).filter((one) => one.type === ANSWER).map(part);
  const next = {
    ...view,
    parts,
    state: event.state ?? view.state,
    model: event.model ?? view.model,
    progress: undefined,
    asides: [],
  };
  if (textOf(next) !== (event.text ?? '')) next.parts = [{ id: OPEN, text: event.text ?? '' }];
  return next;
}

function part(entry) {
  return { id: entry.id, text: entry.text ?? '' };
}

function appended(parts, { item_id: id, text }) {
  const last = parts.at(-1);
  if (last && (last.id === id || last.id === OPEN)) return [...parts.slice(0, -1), { id, text: last.text + text }];
  if (!parts.some((one) => one.id === id)) return [...parts, { id, text }];
  return parts.map((one) => (one.id === id ? { id, text: one.text + text } : one));
}

function item(view, entry) {
  if (entry?.type !== ANSWER) return view;
  const known = view.parts.some((one) => one.id === entry.id || one.id === OPEN);
  const parts = known
    ? view.parts.map((one) => (one.id === entry.id || one.id === OPEN ? part(entry) : one))
    : [...view.parts, part(entry)];
  return { ...view, parts };
}

function ended(view, event) {
  const next = { ...view, state: event.type, progress: undefined, usage: event.usage ?? view.usage };
  if (event.model) next.model = event.model;
  if (event.type === 'failed' || event.type === 'interrupted') {
    next.error = { code: event.code, detail: event.detail, retryable: event.retryable ?? event.type === 'interrupted' };
  }
  if (event.text !== undefined && event.text !== textOf(view)) {
    next.parts = [{ id: answerId(view) ?? OPEN, text: event.text }];
  }
  return next;
}

/** A stored turn (GET /api/turns/{id}) as the same kind of view. */
export function fromStored(turn) {
  return {
    ...emptyTurn(turn.id, turn.thread_id, turn.requested_model),
    state: turn.state,
    model: turn.model,
    usage: turn.usage,
    error: turn.error,
    parts: turn.text ? [{ id: OPEN, text: turn.text }] : [],
  };
}

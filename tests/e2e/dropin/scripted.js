/** A ChatKit server in the page: what `window.scripted` says, in the frames of the protocol. */

const encoder = new TextEncoder();
let made = 0;

/** @type {{threads: object[], items: Record<string, object[]>, answer: object[], json?: Record<string, string>}} `json`: answers as texts, by operation */
window.scripted = { threads: [], items: Object.create(null), answer: [] };
window.asked = [];

function page(all, after, limit) {
  const from = after ? all.findIndex(({ id }) => id === after) + 1 : 0;
  return { data: all.slice(from, from + limit), has_more: from + limit < all.length };
}

/** The events in chunks that end where they like. */
function stream(events) {
  const bytes = encoder.encode(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''));
  let at = 0;
  const body = new ReadableStream({
    pull(to) {
      const end = Math.min(bytes.length, at + 65_521);
      if (end > at) to.enqueue(bytes.subarray(at, end));
      at = end;
      if (at >= bytes.length) to.close();
    },
  });
  return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
}

function turn(type, { input, thread_id: threadId = 'made' }) {
  made += 1;
  const said = input && {
    type: 'thread.item.done',
    item: { id: `said_${made}`, thread_id: threadId, type: 'user_message', created_at: new Date().toISOString(), ...input, attachments: [] },
  };
  const thread = { id: 'made', title: null, created_at: new Date().toISOString(), status: { type: 'active' } };
  return stream([
    ...(type === 'threads.create' ? [{ type: 'thread.created', thread }] : []),
    ...(said ? [said] : []),
    { type: 'stream_options', stream_options: { allow_cancel: true } },
    ...(type === 'threads.add_client_tool_output' ? [] : window.scripted.answer),
  ]);
}

export async function scriptedFetch(url, { body }) {
  const { type, params = {} } = typeof body === 'string' ? JSON.parse(body) : { type: 'upload' };
  window.asked.push({ type, params });
  const { threads, items, json = {} } = window.scripted;
  const mine = items[params.thread_id] ?? [];
  if (Object.hasOwn(json, type)) return new Response(json[type], { headers: { 'Content-Type': 'application/json' } });
  if (type === 'threads.list') return Response.json(page(threads, params.after, params.limit ?? 20));
  if (type === 'threads.get_by_id') {
    const thread = threads.find(({ id }) => id === params.thread_id) ?? { id: params.thread_id, status: { type: 'active' } };
    return Response.json({ ...thread, items: page(mine, undefined, 20) });
  }
  if (type === 'items.list') return Response.json(page(params.order === 'desc' ? mine.toReversed() : mine, params.after, params.limit ?? 20));
  if (/^threads\.(create|add_|retry|custom)/.test(type)) return turn(type, params);
  return Response.json({});
}

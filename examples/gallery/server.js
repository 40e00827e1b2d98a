/** A ChatKit backend within the page: it answers the protocol from the gallery's data. It stands in the place of `fetch`. */

import { threads } from './items.js';

const page = (data) => ({ data, has_more: false, after: null });

/** @returns {{fetch: typeof fetch, list: {id: string, title: string}[]}} */
export function backend(onAsked) {
  const all = new Map(
    threads().map((thread) => [thread.id, { ...thread, created_at: '2026-11-24T09:30:00Z', status: { type: 'active' } }]),
  );
  const head = ({ items, ...thread }, shown = []) => ({ ...thread, items: page(shown) });
  const asked = {
    'threads.list': () => page([...all.values()].map((thread) => head(thread))),
    'threads.get_by_id': ({ thread_id: id }) => head(all.get(id), all.get(id).items),
    'items.list': ({ thread_id: id, order }) =>
      page(order === 'desc' ? [...all.get(id).items].reverse() : all.get(id).items),
    'threads.update': ({ thread_id: id, title }) => head(Object.assign(all.get(id), { title })),
    'threads.delete': ({ thread_id: id }) => all.delete(id) && {},
    'items.feedback': () => ({}),
    'threads.sync_custom_action': () => ({}),
  };
  const streams = {
    'threads.create': ({ input }) => opened(all, input),
    'threads.add_user_message': ({ thread_id: id, input }) => spoken(id, input),
    'threads.custom_action': ({ thread_id: id, action }) => [said(id, `The page was asked for \`${action.type}\`.`)],
    'threads.retry_after_item': ({ thread_id: id }) => [said(id, 'Once more: this page only shows what there is.')],
    'threads.add_structured_input': ({ thread_id: id, item_id: itemId, input }) => answered(all.get(id), itemId, input),
  };
  const answer = async (url, init) => {
    const { type, params } = JSON.parse(init.body);
    if (!type.startsWith('items.list') && !type.startsWith('threads.list') && !type.startsWith('threads.get'))
      onAsked({ type, params });
    if (params.thread_id && !all.has(params.thread_id))
      return Response.json({ message: 'There is no such conversation.' }, { status: 404 });
    if (Object.hasOwn(asked, type)) return Response.json(asked[type](params));
    if (!Object.hasOwn(streams, type))
      return Response.json({ message: `The gallery does not answer ${type}.` }, { status: 400 });
    return stream(streams[type](params));
  };
  return { fetch: answer, list: [...all.values()].map(({ id, title }) => ({ id, title })) };
}

function stream(events) {
  const lines = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
  return new Response(lines, { headers: { 'content-type': 'text/event-stream' } });
}

let made = 0;

function item(threadId, type, fields) {
  made += 1;
  return { id: `new_${made}`, thread_id: threadId, type, created_at: new Date().toISOString(), ...fields };
}

function said(threadId, text) {
  return {
    type: 'thread.item.done',
    item: item(threadId, 'assistant_message', { content: [{ type: 'output_text', text, annotations: [] }] }),
  };
}

function spoken(threadId, input) {
  const message = item(threadId, 'user_message', {
    content: input.content,
    attachments: [],
    quoted_text: input.quoted_text ?? null,
    inference_options: input.inference_options ?? {},
  });
  return [
    { type: 'thread.item.done', item: message },
    said(threadId, 'No model stands behind this page. It shows what items and widgets look like.'),
  ];
}

function opened(all, input) {
  made += 1;
  const thread = {
    id: `thread_${made}`,
    title: 'New conversation',
    created_at: new Date().toISOString(),
    status: { type: 'active' },
    items: [],
  };
  all.set(thread.id, thread);
  return [{ type: 'thread.created', thread: { ...thread, items: page([]) } }, ...spoken(thread.id, input)];
}

function answered(thread, itemId, input) {
  const at = thread.items.findIndex(({ id }) => id === itemId);
  const before = thread.items[at];
  thread.items[at] = {
    ...before,
    status: input.status,
    inputs: before.inputs.map((one) => ({ ...one, answer: input.answers[one.id] })),
  };
  return [{ type: 'thread.item.replaced', item: thread.items[at] }, said(thread.id, 'Thank you.')];
}

/** A ChatKit server inside the page: a long thread, and an answer at a pace. Nothing of the element is known here. */

const PARTS = [
  'The **compressor** moves heat from outside to inside, and it does so with `three units` of heat for each unit of power. '
    + 'In an old house that figure falls in January and rises again in March, as [a study](https://example.com/study) has shown.',
  '- one thing to check is the flow temperature\n- another is the size of the radiators\n- a third is the pipes, which *nobody* thinks of',
  '### What it costs\n\n| part | price | years |\n|---|---|---|\n| pump | 9,000 | 20 |\n| radiators | 2,400 | 30 |\n| work | 3,100 | 1 |',
  '```python\ndef output(power: float, factor: float = 3.0) -> float:\n    """Heat for that much power."""\n    return power * factor\n```',
  '1. Measure first.\n2. Then ask for two offers.\n3. Sleep on it.\n\n> Whoever buys twice pays twice.',
];
const START = Date.UTC(2026, 0, 1);
const PAGE = 100;

/** `count` items, oldest first: questions and answers in turn. */
export function thread(count) {
  return Array.from({ length: count }, (_, n) => {
    const common = { id: `item_${n}`, thread_id: 'long', created_at: new Date(START + n * 60_000).toISOString() };
    const text = n % 2 ? [0, 1, 2].map((k) => PARTS[(n + k) % PARTS.length]).join('\n\n') : `Question ${n}: what about the ${['pump', 'pipes', 'price'][n % 3]}?`;
    return n % 2
      ? { ...common, type: 'assistant_message', content: [{ type: 'output_text', text, annotations: [] }] }
      : { ...common, type: 'user_message', content: [{ type: 'input_text', text }], attachments: [], quoted_text: null };
  });
}

/** `count` tokens of Markdown, in blocks as people get them; the last word is `end`. */
export function tokens(count) {
  const all = [];
  for (let n = 0; all.length < count; n += 1) all.push(...`${PARTS[n % PARTS.length]}\n\n`.match(/\s*[^\s]{1,5}|\s+$/g));
  return [...all.slice(0, count - 2), '\n\n', 'end'];
}

/** @param {{items: number, tokens: number, perSecond: number}} how @returns {typeof fetch} */
export function server(how) {
  const items = thread(how.items);
  const shown = { id: 'long', title: 'A long thread', created_at: new Date(START).toISOString(), status: { type: 'active' } };
  const answers = {
    'threads.get_by_id': () => ({ ...shown, items: { data: items.slice(0, 20), has_more: items.length > 20 } }),
    'items.list': ({ after, limit = PAGE }) => page(items.toReversed(), after, limit),
    'threads.list': () => ({ data: [shown], has_more: false }),
    'threads.create': ({ input }) => turn(input, { ...shown, id: 'new' }, how),
    'threads.add_user_message': ({ input }) => turn(input, null, how),
  };
  return async (_, { body }) => {
    const { type, params } = JSON.parse(body);
    const found = answers[type]?.(params) ?? {};
    return found instanceof Response ? found : Response.json(found);
  };
}

function page(all, after, limit) {
  const from = after ? all.findIndex(({ id }) => id === after) + 1 : 0;
  return { data: all.slice(from, from + limit), has_more: from + limit < all.length };
}

function turn({ content }, created, { tokens: count, perSecond }) {
  const common = { thread_id: created?.id ?? 'long', created_at: new Date().toISOString() };
  const said = { ...common, id: crypto.randomUUID(), type: 'user_message', content, attachments: [], quoted_text: null };
  const answer = { ...common, id: crypto.randomUUID(), type: 'assistant_message', content: [{ type: 'output_text', text: '', annotations: [] }] };
  const pieces = tokens(count);
  const line = (event) => `data: ${JSON.stringify(event)}\n\n`;
  const delta = (text) => line({ type: 'thread.item.updated', item_id: answer.id, update: { type: 'assistant_message.content_part.text_delta', content_index: 0, delta: text } });
  const head = [created && { type: 'thread.created', thread: created }, { type: 'thread.item.done', item: said },
    { type: 'stream_options', stream_options: { allow_cancel: true } }, { type: 'thread.item.added', item: answer }];
  const done = line({ type: 'thread.item.done', item: { ...answer, content: [{ type: 'output_text', text: pieces.join(''), annotations: [] }] } });
  return new Response(paced([head.filter(Boolean).map(line).join('')], pieces.map(delta), [done], perSecond), { headers: { 'Content-Type': 'text/event-stream' } });
}

/** Bytes of all these, those in the middle at a pace: in as many chunks as a network would bring. */
function paced(first, middle, last, perSecond) {
  const encoder = new TextEncoder();
  const began = performance.now();
  let sent = 0;
  return new ReadableStream({
    start: (to) => to.enqueue(encoder.encode(first.join(''))),
    async pull(to) {
      await new Promise((go) => setTimeout(go, 8));
      const due = Math.min(middle.length, Math.ceil(((performance.now() - began) / 1000) * perSecond));
      to.enqueue(encoder.encode(middle.slice(sent, due).join('') || ': \n\n'));
      sent = due;
      if (sent < middle.length) return;
      to.enqueue(encoder.encode(last.join('')));
      to.close();
    },
  });
}

/**
 * Hostile data into every field of the element, through its server and its options. Each function answers what was wrong of it.
 * What is hostile comes from outside (corpus.py), what must not be found is poison.js's.
 */

import { audit, poison, poisonAll } from './poison.js';

const element = document.querySelector('openai-chatkit');
const rest = (ms) => new Promise((go) => setTimeout(go, ms));
const frame = () => new Promise((go) => requestAnimationFrame(() => setTimeout(go)));
const all = (selector) => element.shadowRoot.querySelectorAll(selector);

const SOURCES = [
  { type: 'url', url: '', title: '', attribution: '', description: '', timestamp: '' },
  { type: 'file', filename: '', title: '' },
  { type: 'entity', id: '', title: '', icon: '', label: '', inline_label: '', interactive: true, data: { a: '' }, description: '' },
];
const NOTES = SOURCES.map((source, index) => ({ type: 'annotation', index, source }));
const TASKS = ['thought', 'web_search', 'file', 'image', 'custom'].map((type) => ({
  type, title: '', title_query: '', queries: [''], icon: '', content: '', sources: SOURCES,
}));
const TAG = { type: 'input_tag', id: '', text: '', group: '', data: { a: '' }, interactive: true };
const FILES = [{ type: 'image', id: '', name: '', mime_type: '', preview_url: '' }, { type: 'file', id: '', name: '', mime_type: '' }];
const ITEMS = [
  { type: 'user_message', content: [{ type: 'input_text', text: '' }, TAG], quoted_text: '', attachments: FILES, created_at: '' },
  { type: 'assistant_message', content: [{ type: 'output_text', text: '', annotations: NOTES }] },
  { type: 'client_tool_call', status: 'completed', call_id: '', name: '', arguments: { a: '' }, output: '' },
  { type: 'generated_image', image: { id: '', url: '' } },
  { type: 'workflow', workflow: { type: 'custom', expanded: true, summary: { title: '', icon: '' }, tasks: TASKS } },
  ...TASKS.map((task) => ({ type: 'task', task })),
  { type: 'structured_input', status: 'pending', inputs: [
    { type: 'multiple_choice', id: '', question: '', description: '', options: [{ value: '', description: '' }] },
    { type: 'freeform', id: '', question: '', description: '' },
  ] },
];

/** Threads, their titles and states, and items of every type. */
export async function feedItems({ payloads, pollution }) {
  const dirty = JSON.parse(pollution);
  const bad = [];
  for (const [turn, words] of payloads.entries()) {
    const items = ITEMS.map((item, n) => ({ ...poison(item, payloads, turn + n), id: `item_${turn}_${n}` }));
    window.scripted.items.hostile = [...items, { ...items[0], id: words }, ...odd(words, dirty).map((item, n) => ({ ...dirty, id: `odd_${turn}_${n}`, ...item })), dirty, null];
    const status = { type: ['locked', 'closed', words][turn % 3], reason: words };
    window.scripted.threads = [{ id: 'hostile', title: words, status, created_at: words }, { id: words, title: words, created_at: '2026-01-01' }, dirty];
    await element.setThreadId('hostile');
    if (turn % 3 === 0) await element.showHistory();
    await frame();
    await rest(20);
    for (const button of all('.thread [aria-expanded=false]')) button.click();
    await frame();
    await element.hideHistory();
    bad.push(...found(words));
    if (all('.message').length < ITEMS.length) bad.push(`only ${all('.message').length} items are shown of ${words}`);
  }
  return bad;
}

/** Every widget of the gallery, with hostile texts, and with hostile values in the place of all that is one. */
export async function feedWidgets({ payloads, pollution }) {
  const { threads } = await import('/gallery/items.js');
  const widgets = threads().flatMap(({ items }) => items).filter(({ type }) => type === 'widget').map(({ widget }) => widget);
  const dirty = JSON.parse(pollution);
  const bad = [];
  for (const [turn, words] of payloads.entries()) {
    // Two of three widgets a turn: within three turns each field of each gets a payload of each kind.
    const some = widgets.filter((_, n) => (n + turn) % 3 === 0).flatMap((widget) => [poison(widget, payloads, turn), poisonAll(widget, payloads, turn)]);
    const odd = { type: 'Card', ...dirty, children: [words, dirty, null, { type: words, ...dirty, children: [{ type: 'Text', value: words }] }] };
    window.scripted.items.widgets = [...some, odd].map((widget, n) => ({ id: `w_${turn}_${n}`, type: 'widget', widget, copy_text: words }));
    await element.setThreadId('widgets');
    await frame();
    await rest(10);
    bad.push(...found(words));
    if (!all('.message').length) bad.push(`nothing is shown of ${words}`);
  }
  return bad;
}

/** Items of types that are none. */
function odd(words, dirty) {
  const one = { type: words, title: words, ...dirty };
  return [
    one, { type: 'widget', widget: words }, { type: 'widget', widget: one }, { type: 'task', task: one }, { type: 'task', task: words },
    { type: 'workflow', workflow: { type: words, tasks: [one, words, null], summary: words } },
    { type: 'structured_input', status: words, inputs: [one, words, null, { type: 'multiple_choice', options: [words, null, one] }] },
    { type: 'generated_image', image: words }, { type: 'user_message', content: words, attachments: [one, words, null] },
    { type: 'assistant_message', content: [one, words, null, { type: words, text: one, annotations: [one, words, { source: one }, { source: words }] }] },
  ];
}

const OPTIONS = {
  locale: '', frameTitle: '', disclaimer: { text: '' },
  theme: {
    colorScheme: '', radius: '', density: '',
    typography: { baseSize: '', fontFamily: '', fontFamilyMono: '', fontSources: [{ family: '', src: '', weight: '', style: '', display: '', unicodeRange: '' }] },
    color: { grayscale: { hue: '', tint: '', shade: '' }, accent: { primary: '', level: '' }, surface: { background: '', foreground: '' } },
  },
  header: { title: { text: '' }, leftAction: { icon: '' }, rightAction: { icon: '' } },
  startScreen: { greeting: '', prompts: [{ label: '', prompt: '', icon: '' }] },
  composer: {
    placeholder: '', attachments: { enabled: true, maxSize: '', maxCount: '', accept: { '': [''] } },
    tools: [{ id: '', label: '', shortLabel: '', icon: '', placeholderOverride: '', pinned: true }, { id: '', label: '', icon: '' }],
    models: [{ id: '', label: '', description: '' }, { id: '', label: '', description: '' }],
  },
};
const ENTITY = { id: '', title: '', icon: '', group: '', interactive: true, data: { a: '' } };
const COMMAND = { id: '', label: '', description: '', icon: '', group: '' };
const COMPOSED = { text: '', reply: '', content: [TAG], selectedToolId: '', selectedModelId: '', attachments: FILES };

/** Options, what their callbacks answer, what is put into the composer, and every event of a stream. */
export async function feedOptions({ payloads, pollution }) {
  const dirty = JSON.parse(pollution);
  const bad = [];
  for (const [turn, words] of payloads.entries()) {
    const made = (value) => poison(value, payloads, turn);
    const preview = { type: 'Basic', children: [{ type: words, value: words }, { type: 'Text', value: words }] };
    await window.apply({
      ...made(OPTIONS), ...dirty,
      entities: { onTagSearch: async () => [made(ENTITY), dirty], onRequestPreview: async () => ({ preview }), onClick: () => undefined },
      commands: { enabled: true, onSearch: async () => [made(COMMAND), dirty], onSelect: async () => undefined },
      onClientTool: () => dirty,
    });
    await element.setThreadId(null);
    await element.setComposerValue(made(COMPOSED)).catch(({ message }) => /no (tool|model)/.test(message) || bad.push(message));
    await element.setComposerValue({ ...made(COMPOSED), selectedToolId: undefined, selectedModelId: undefined });
    await frame();
    for (const button of all('.foot [aria-haspopup]')) button.click();
    await frame();
    bad.push(...found(words));
    window.scripted.answer = events(words, dirty, turn % 2 ? 'pending' : words);
    await element.sendUserMessage({ content: [{ type: 'input_text', text: words }, { ...TAG, id: words, text: words }], reply: words, model: words });
    await rest(20);
    await frame();
    bad.push(...found(words));
  }
  return bad;
}

function events(words, dirty, status) {
  const grown = (update) => ({ type: 'thread.item.updated', item_id: 'answer', update });
  const delta = (at) => grown({ type: 'assistant_message.content_part.text_delta', content_index: at, delta: words });
  return [
    { type: 'progress_update', text: words, icon: words },
    { type: 'client_effect', name: words, data: dirty },
    { type: 'notice', level: words, message: words, title: words },
    { type: 'thread.updated', thread: { id: 'made', title: words, status: { type: words, reason: words } } },
    { type: words, item: dirty, update: dirty },
    { type: 'thread.item.updated', item_id: words, update: { type: words } },
    { type: 'thread.item.added', item: { id: 'answer', type: 'assistant_message', content: [] } },
    delta(words), delta('__proto__'), delta(0), grown({ type: words, ...dirty }),
    grown({ type: 'assistant_message.content_part.annotation_added', content_index: 0, annotation_index: words, annotation: dirty }),
    { type: 'thread.item.done', item: { id: 'call', type: 'client_tool_call', status, name: words, call_id: words, arguments: dirty } },
    ...(status === 'pending' ? [] : [{ type: 'error', code: 'custom', message: words, allow_retry: true }]),
  ];
}

/** What is very deep or very long, in each place that shows text or widgets. */
export async function feedDepth({ nested, line, depth }) {
  const texts = [...nested, line].flatMap((text) => [
    { type: 'assistant_message', content: [{ type: 'output_text', text, annotations: [] }] },
    { type: 'user_message', content: [{ type: 'input_text', text }], quoted_text: text, attachments: [{ type: 'file', name: text }] },
  ]);
  const containers = ['Col', 'Form', 'Transition', 'Card', 'ListView', 'Basic'];
  const items = [...texts, { type: 'task', task: { type: 'custom', title: line, content: nested[0] } }].map((item) => JSON.stringify(item).slice(1));
  items.push(...containers.map((type) => `"type":"widget","widget":${`{"type":"${type}","children":`.repeat(depth)}"x"${'}'.repeat(depth)}}`));
  const bad = [];
  for (const [n, item] of items.entries()) {
    const words = JSON.stringify(n ? nested[n % nested.length] : line);
    const head = `"id":"deep","title":${words},"status":{"type":"closed","reason":${words}}`;
    window.scripted.json = { 'threads.get_by_id': `{${head},"items":{"has_more":false,"data":[{"id":"deep_${n}",${item}]}}` };
    await element.setThreadId('deep');
    for (let tries = 0; tries < 50 && !all('.message')[0]?.textContent.trim(); tries += 1) await rest(20);
    if (!all('.message')[0]?.textContent.trim()) bad.push(`nothing is shown of ${n}, ${item.slice(0, 40)}`);
  }
  return bad;
}

/** Markdown as it streams in: whatever is open at each of its letters. */
export async function feedGrowing(texts) {
  // The element's own: a second sanitiser would ask for the page's one policy again.
  const { render_stream_StreamedMarkdown: StreamedMarkdown } = await import('/static/chat_app/chatkit/built/element.js');
  const host = document.createElement('div');
  host.className = 'prose';
  element.shadowRoot.append(host);
  const bad = [];
  for (const text of texts) {
    const markdown = new StreamedMarkdown(host, { t: (key) => key });
    for (let end = 1; end <= text.length; end += 1) {
      markdown.update(text.slice(0, end), end === text.length);
      bad.push(...found(text.slice(0, end), host));
    }
  }
  host.remove();
  return bad;
}

const found = (words, where) => audit(where).map((one) => `${one} of ${words}`);

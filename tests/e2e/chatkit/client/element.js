// A stand-in for OpenAI's <openai-chatkit>, loaded where its script would be. It talks to a custom backend as the official
// client does, with that one's habits and gaps; it shares no code with it and knows nothing of the connector.

import { Conversation } from './conversation.js';
import { Frame, HttpError, StreamError } from './frame.js';
import { View } from './view.js';

const ALL = 9999;
const KEPT = 5_000; // for so long a thread that was read is not read again
const MOST_PAGES = 100;

class OpenAIChatKit extends HTMLElement {
  #options = null;
  #view = null;
  #threads = [];
  #toasts = [];
  #frame = new Frame(() => this.#options);
  #conversation = new Conversation(() => this.#draw());
  #readAt = new Map();
  #abort = null; // while an answer is being streamed
  updates = []; // for tests: at each fetchUpdates, whether an answer was being streamed

  connectedCallback() {
    if (this.#view) return;
    const { composer } = this.#options ?? {};
    this.#view = new View(this, {
      say: (text) => this.sendUserMessage({ text, model: this.#view.model }),
      stop: () => this.#abort?.abort(),
      retry: () => this.#retry(),
      open: (threadId) => this.setThreadId(threadId),
    });
    this.#view.setModels(composer?.models);
    this.#draw();
  }

  setOptions(options) {
    if (!options?.api || (options.api.url && !options.api.domainKey)) throw new Error('InvalidFrameParamsError');
    const first = this.#options === null;
    this.#options = options;
    this.#view?.setModels(options.composer?.models);
    this.#draw();
    if (first) setTimeout(() => this.#start(), 0);
  }

  async #start() {
    this.#tell('chatkit.ready');
    await this.#listThreads();
    this.dataset.ready = ''; // for tests
    const { initialThread } = this.#options;
    if (initialThread) await this.setThreadId(initialThread);
  }

  async setThreadId(threadId) {
    if (threadId === null) {
      this.#conversation.clear(null);
    } else {
      await this.#load(threadId);
    }
    this.#tell('chatkit.thread.change', { threadId });
  }

  async sendUserMessage({ text, content, model, toolChoice, newThread, attachments = [] }) {
    if (this.#abort) throw new Error('An answer is being written.');
    const threadId = newThread ? null : this.#conversation.thread?.id;
    if (!threadId) this.#conversation.clear(null);
    const parts = content ?? [{ type: 'input_text', text }];
    const options = { ...(model && { model }), ...(toolChoice && { tool_choice: toolChoice }) };
    const input = { content: parts, attachments: attachments.map(({ id }) => id), quoted_text: '', inference_options: options };
    const shown = this.#conversation.optimistic(parts);
    const op = threadId ? 'threads.add_user_message' : 'threads.create';
    await this.#respond(op, { ...(threadId && { thread_id: threadId }), input }, shown);
  }

  async sendCustomAction(action, itemId) {
    const { id } = this.#conversation.thread;
    await this.#respond('threads.custom_action', { thread_id: id, item_id: itemId, action });
  }

  /** Reads the thread again, unless what is known of it is fresh. */
  async fetchUpdates() {
    const id = this.#conversation.thread?.id;
    this.updates.push({ responding: this.#abort !== null, at: Date.now() });
    if (id && Date.now() - (this.#readAt.get(id) ?? 0) >= KEPT) await this.#load(id);
  }

  async showHistory() {
    await this.#listThreads();
    this.#tell('chatkit.history.open');
  }

  async hideHistory() {
    this.#tell('chatkit.history.close');
  }

  async focusComposer() {
    this.shadowRoot.querySelector('textarea').focus();
  }

  async setComposerValue({ text = '', files = [] }) {
    this.shadowRoot.querySelector('textarea').value = text;
    return Promise.all(files.map((file) => this.#frame.upload(file)));
  }

  /** What the page can see of the conversation, for tests. */
  get state() {
    const { thread, items, failure, dropped } = this.#conversation;
    return { thread, items, failure, dropped, responding: this.#abort !== null, frame: this.#frame.id };
  }

  async #respond(op, params, shown) {
    const calls = [];
    this.#abort = new AbortController();
    this.#conversation.failure = null;
    this.#conversation.canStop = false;
    this.#tell('chatkit.response.start');
    try {
      await this.#frame.stream(op, params, (event) => this.#hear(event, calls), this.#abort.signal);
    } catch (error) {
      this.#failed(error, shown);
    }
    this.#abort = null;
    this.#tell('chatkit.response.end');
    this.#draw();
    for (const call of calls) await this.#answerTool(call);
  }

  #hear(event, calls) {
    const known = this.#conversation.thread?.id;
    const call = this.#conversation.apply(event);
    if (call) calls.push(this.#options.onClientTool?.({ name: call.name, params: call.arguments }));
    if (event.type === 'client_effect') this.#tell('chatkit.effect', { name: event.name, data: event.data });
    if (event.type === 'notice') this.#toast(event.message);
    const { thread } = this.#conversation;
    if (thread && thread.id !== known) {
      this.#tell('chatkit.thread.change', { threadId: thread.id });
    }
    if (event.type === 'thread.created' || event.type === 'thread.updated') this.#remember(thread);
  }

  #failed(error, shown) {
    if (error.name === 'AbortError') return;
    if (error instanceof HttpError) {
      if (shown) this.#conversation.forget(shown);
      if (error.status === 429) this.#toast('Too many messages.');
      return;
    }
    this.#tell('chatkit.error', { error });
    const message = error instanceof StreamError ? 'Something went wrong.' : error.message;
    this.#conversation.failure = { message, retry: true };
  }

  async #answerTool(call) {
    const result = await call;
    await this.#respond('threads.add_client_tool_output', { thread_id: this.#conversation.thread.id, result });
  }

  async #retry() {
    const { thread, items } = this.#conversation;
    const last = items.findLast(({ type }) => type === 'user_message');
    await this.#respond('threads.retry_after_item', { thread_id: thread.id, item_id: last.id });
  }

  async #load(threadId) {
    this.#tell('chatkit.thread.load.start', { threadId });
    try {
      const thread = await this.#frame.json('threads.get_by_id', { thread_id: threadId });
      const { data, has_more: more } = thread.items;
      const rows = more ? await this.#pages('items.list', { thread_id: threadId, order: 'asc' }, [...data]) : data;
      this.#conversation.load(thread, rows);
    } catch (error) {
      this.#tell('chatkit.error', { error });
      this.#toast(error.message);
    }
    this.#readAt.set(threadId, Date.now());
    this.#tell('chatkit.thread.load.end', { threadId });
  }

  async #listThreads() {
    try {
      this.#threads = await this.#pages('threads.list', { order: 'desc' }, []);
    } catch (error) {
      this.#tell('chatkit.error', { error });
    }
    this.#draw();
  }

  /** Every page of a list: the cursor is the id of the last row that was received. */
  async #pages(op, params, rows) {
    for (let count = 0; count < MOST_PAGES; count += 1) {
      const after = rows.at(-1)?.id;
      const page = await this.#frame.json(op, { ...params, limit: ALL, ...(after && { after }) });
      rows.push(...page.data);
      if (!page.has_more) return rows;
    }
    throw new Error(`${op} has no end`);
  }

  #remember(thread) {
    const known = this.#threads.find(({ id }) => id === thread.id);
    if (known) Object.assign(known, thread);
    else this.#threads.unshift(thread);
  }

  #toast(words) {
    this.#toasts.push(words);
    this.#draw();
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #draw() {
    const greeting = this.#options?.startScreen?.greeting ?? 'What can I help with today?';
    this.#view?.draw(() => ({
      conversation: this.#conversation,
      responding: this.#abort !== null,
      threads: this.#threads,
      toasts: this.#toasts,
      greeting,
    }));
  }
}

customElements.define('openai-chatkit', OpenAIChatKit);

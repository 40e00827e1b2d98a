// One thread as the stand-in shows it: its rows, and what each event does to them. No request is made here, nothing is drawn.

const PART = 'assistant_message.content_part.';

export class Conversation {
  /** @param {() => void} changed */
  constructor(changed) {
    this.changed = changed;
    this.clear(null);
  }

  clear(thread) {
    this.thread = thread;
    this.items = [];
    this.progress = null;
    this.canStop = false;
    this.failure = null; // {message, retry}
    this.dropped = 0; // deltas for parts that were not there
    this.changed();
  }

  /** What was read from the server takes the place of all rows. */
  load(thread, items) {
    this.thread = thread;
    this.items = items;
    this.progress = null;
    this.changed();
  }

  find(id) {
    return this.items.find((item) => item.id === id);
  }

  /** An event of a stream. -> a client tool's call that is to be made, where the event brings one */
  apply(event) {
    const handler = this[`on:${event.type}`];
    const call = handler?.call(this, event);
    this.changed();
    return call;
  }

  /** A row that stands for a message until the server has named it. */
  optimistic(content) {
    const item = { id: `client_${crypto.randomUUID()}`, type: 'user_message', content };
    this.items.push(item);
    this.changed();
    return item;
  }

  forget(item) {
    this.items = this.items.filter((one) => one !== item);
    this.changed();
  }

  'on:thread.created'({ thread }) {
    this.thread = thread;
  }

  'on:thread.updated'({ thread }) {
    this.thread = { ...this.thread, ...thread };
  }

  'on:thread.item.added'({ item }) {
    return this.#put(item);
  }

  'on:thread.item.done'({ item }) {
    return this.#put(item);
  }

  'on:thread.item.replaced'({ item }) {
    this.#put(item);
  }

  'on:thread.item.removed'({ item_id: id }) {
    this.items = this.items.filter((item) => item.id !== id);
  }

  'on:thread.item.updated'({ item_id: id, update }) {
    const item = this.find(id);
    if (!item) this.dropped += 1;
    else if (update.type.startsWith(PART)) this.#part(item, update);
    else if (update.type === 'widget.root.updated') item.widget = update.widget;
    else if (update.type === 'generated_image.updated') item.image = update.image;
    else if (update.type === 'workflow.task.added') item.workflow.tasks[update.task_index] = update.task;
    else if (update.type === 'workflow.task.updated') item.workflow.tasks[update.task_index] = update.task;
  }

  'on:stream_options'({ stream_options: options }) {
    this.canStop = Boolean(options.allow_cancel);
  }

  'on:progress_update'({ text }) {
    this.progress = text;
  }

  'on:error'({ message, allow_retry: retry }) {
    this.failure = { message: message ?? '', retry };
  }

  #put(item) {
    this.progress = null;
    if (item.type === 'user_message') this.items = this.items.filter(({ id }) => !id.startsWith('client_'));
    const at = this.items.findIndex(({ id }) => id === item.id);
    if (at < 0) this.items.push(item);
    else this.items[at] = item;
    return item.type === 'client_tool_call' ? item : undefined;
  }

  #part(item, update) {
    const kind = update.type.slice(PART.length);
    const { content_index: at } = update;
    if (kind === 'added' || kind === 'done') item.content[at] = update.content;
    else if (!item.content[at]) this.dropped += 1;
    else if (kind === 'text_delta') item.content[at].text += update.delta;
    else if (kind === 'annotation_added') item.content[at].annotations[update.annotation_index] = update.annotation;
  }
}

/** What a person does that is answered by a stream, and the stream to its end. One at a time: the thread has one answer. */

import { ChatKitError } from '../protocol/client.js';
import { ClientTools } from './clienttools.js';
import { overhear, take } from './events.js';
import { again, goesOn, insist } from './restart.js';
import { watched } from './unseen.js';

let local = 0;

export class Turns {
  #run = null;
  #mine = new Set(); // turns that this page has begun
  #halted = new Set(); // turns that were stopped here: they may take a moment to end
  begun = 0; // how many streams there were
  answered = new Map(); // item -> the item after which it came, for answers to anything but a message

  constructor(kit) {
    this.kit = kit;
    this.tools = new ClientTools(kit, this);
    // While the server is away, sending it can be given up.
    kit.store.subscribe(({ link, canStop }) => {
      if (link === 'lost' && !canStop && this.#run?.waits) kit.store.set({ canStop: true });
    });
  }

  get busy() {
    return this.#run !== null;
  }

  /**
   * Send a message. Resolves once the server has it. @throws ChatKitError where it does not
   * @param {{content: object[], attachments?: object[], reply?: string, model?: string, tool?: string, newThread?: boolean}} message
   */
  async send({ content, attachments = [], reply, model, tool, newThread = false }) {
    const { kit } = this;
    if (newThread && kit.store.state.threadId !== null) await kit.threads.open(null);
    this.#free();
    const threadId = kit.store.state.threadId;
    const options = { ...(model && { model }), ...(tool && { tool_choice: { id: tool } }) };
    const input = { content, attachments: attachments.map(({ id }) => id), quoted_text: reply ?? '', inference_options: options };
    const optimistic = {
      id: `client_${(local += 1)}_${Date.now()}`, type: 'user_message', content, attachments, quoted_text: reply, pending: true,
      created_at: new Date().toISOString(),
    };
    kit.items.put(optimistic);
    kit.follow();
    const run = newRun({ optimistic, threadId });
    const what = threadId === null ? ['threads.create', { input }] : ['threads.add_user_message', { thread_id: threadId, input }];
    const ended = this.#stream(...what, run);
    try {
      await run.accepted;
    } catch (error) {
      if (run.optimistic) kit.items.remove(optimistic.id);
      kit.store.touch();
      throw error;
    }
    const text = content.map((part) => part.text ?? '').join('');
    const message = { id: run.sent?.id ?? null, text, content, attachments };
    kit.emit('message.sent', { message, threadId: run.threadId });
    ended.catch(() => {}); // told already: nobody waits for the end of the answer
  }

  /** Answer once more, after the item of that id: the last one that was there before the answer. The question where left out. */
  async retry(itemId) {
    this.#free();
    const { kit } = this;
    const after = itemId ?? kit.items.last((item) => item.type === 'user_message' && !item.pending)?.id;
    // What was answered before stays until something takes its place.
    const replaces = after ? kit.items.behind(after) : [];
    if (after) await this.#settled('threads.retry_after_item', { thread_id: kit.store.state.threadId, item_id: after }, { replaces, after });
  }

  /** A widget's action, as its ActionConfig says: by the page, or by the server with a stream or without. */
  async action(action, item) {
    const { kit } = this;
    if (!action || typeof action.type !== 'string') return;
    const plain = { type: action.type, payload: action.payload };
    if (action.handler === 'client') {
      if (kit.options.widgets.onAction) await kit.options.widgets.onAction(plain, { id: item?.id, widget: item?.widget });
      else kit.report(new Error(`No widgets.onAction for the action "${action.type}".`));
      return;
    }
    if (action.streaming === false) await this.#synced(plain, item?.id);
    else await this.customAction(plain, item?.id);
  }

  /** `sendCustomAction`: an action to the server, for an item or none. */
  async customAction(action, itemId) {
    this.#free();
    const { kit } = this;
    const threadId = kit.store.state.threadId;
    if (threadId === null) throw new ChatKitError(kit.t('thread.noThread'));
    await this.#settled('threads.custom_action', { thread_id: threadId, ...(itemId && { item_id: itemId }), action: { type: action.type, payload: action.payload } });
  }

  async #synced(action, itemId) {
    const { kit } = this;
    const params = { thread_id: kit.store.state.threadId, ...(itemId && { item_id: itemId }), action };
    try {
      const { data } = await kit.client.call('threads.sync_custom_action', params);
      if (data?.updated_item) kit.items.put(data.updated_item);
      kit.store.touch();
    } catch (error) {
      kit.fail(error);
      throw error;
    }
  }

  /** The answers to questions that the assistant has asked. */
  async answer(itemId, input) {
    this.#free();
    await this.#settled('threads.add_structured_input', { thread_id: this.kit.store.state.threadId, item_id: itemId, input });
  }

  /** What a tool of the page has returned. */
  async give(result) {
    await this.#settled('threads.add_client_tool_output', { thread_id: this.kit.store.state.threadId, result });
  }

  /** End the answer, wherever it is written. */
  stop() {
    const run = this.#run;
    if (!run || run.stopped || !this.kit.store.state.canStop) return;
    this.kit.store.set({ stopping: true });
    run.stopped = true;
    if (run.turnId) this.#halted.add(run.turnId);
    if (run.followed || run.asleep) void this.#stopElsewhere(run);
    else run.control.abort();
  }

  async #stopElsewhere(run) {
    if ((await this.kit.transport.connection.stop(run.turnId)) || this.#run !== run) return;
    // It did not get through: the answer goes on, and can be stopped again.
    run.stopped = false;
    this.#halted.delete(run.turnId);
    this.kit.store.set({ stopping: false });
  }

  /** Another thread is shown: what still runs goes on unseen. */
  leave() {
    this.#run?.leave();
  }

  /** Go on with an answer that runs already: begun in another tab, or before a reload. */
  async follow(turnId) {
    const { kit } = this;
    const { connection } = kit.transport;
    if (this.#run || !connection || this.#halted.has(turnId)) return;
    const run = newRun({ followed: turnId, threadId: kit.store.state.threadId });
    await this.#read(run, async () => {
      const response = await connection.reattach(turnId, null, run.control.signal);
      if (response.status === 204) return null;
      if (!response.ok) throw await kit.client.refusal(response);
      return kit.client.read(response);
    });
    if (run.left) return;
    // What this page has asked for and left is its own business still.
    await this.#after(run, this.#mine.has(turnId));
    if (!this.#run) await kit.threads.refresh().catch((error) => kit.report(error));
  }

  /** What comes of an answer that has ended here. */
  async #after(run, isOwn) {
    const { kit } = this;
    if (goesOn(kit, run)) {
      const anew = again(kit, run);
      if (anew) await this.#settled('threads.retry_after_item', { thread_id: kit.store.state.threadId, item_id: anew.after }, anew);
    } else if (isOwn) {
      const leave = Boolean(run.stopped || run.failed);
      const shared = Boolean(run.slept || run.key); // another tab may have seen its end before, or asked with the same key
      await this.tools.run([...run.calls.values()], { leave, shared });
    }
  }

  #free() {
    if (!this.#run) return;
    const words = this.kit.t('thread.busy');
    this.kit.notify({ level: 'warning', message: words, passing: true });
    throw new ChatKitError(words);
  }

  /** A stream that somebody waits for to its end. */
  async #settled(type, params, how = {}) {
    const last = this.kit.items.last((item) => !item.pending)?.id;
    const run = newRun({ after: last, threadId: params.thread_id, ...how });
    run.accepted.catch(() => {}); // the stream itself tells
    await this.#stream(type, params, run);
  }

  async #stream(type, params, run) {
    await this.#read(run, async () => {
      const { signal } = run.control;
      if (run.key) return insist(this.kit, type, params, run);
      if (type === 'threads.create') await Promise.race([this.kit.threads.beginning(), once(signal)]);
      return this.kit.client.stream(type, params, { signal });
    });
    if (run.left) return;
    if (run.key && !run.turnId && !run.stopped) await this.kit.threads.refresh().catch((error) => this.kit.report(error)); // it is answered already
    await this.#after(run, true);
  }

  async #read(run, open) {
    const { kit } = this;
    this.#run = run;
    this.begun += 1;
    run.leave = () => {
      run.left = true;
      this.#run = null;
      this.#over(run);
      // With the connector a stream that nobody reads goes on; without it hanging up would be Stop.
      if (run.followed) run.control.abort();
      run.wake?.();
    };
    run.waits = Boolean(kit.transport.connection) && !run.followed;
    kit.store.set({ responding: true, canStop: Boolean(run.followed || run.key), stopping: false, stopped: false, error: null, progress: null });
    try {
      const stream = await open();
      this.#named(run, stream?.turnId);
      run.waits = false;
      for await (const event of stream ? watched(kit, stream, run) : []) (run.left ? overhear : take)(kit, event, run);
      if (!run.isAccepted && run.optimistic) throw Object.assign(new ChatKitError(kit.t('thread.error')), { told: run.noticed });
      run.accept();
    } catch (error) {
      this.#broken(run, error);
    } finally {
      if (!run.left) {
        this.#run = null;
        this.#over(run);
      } else if (run.threadId && run.threadId === kit.store.state.threadId && !this.#run) {
        kit.threads.refresh().catch((error) => kit.report(error)); // somebody has come back to it
      }
    }
  }

  #named(run, turnId) {
    run.turnId = run.followed ?? turnId ?? null;
    if (run.turnId && !run.followed) this.#mine.add(run.turnId);
    if (run.stopped && run.turnId) this.#halted.add(run.turnId);
  }

  #broken(run, error) {
    const { kit } = this;
    if (run.left) {
      if (run.isAccepted) return;
      run.refuse(error);
      if (run.sending) kit.fail(error);
      return;
    }
    if (run.stopped || run.control.signal.aborted) {
      // Who sends again what was on its way, after all, is shown both.
      if (run.waits && run.optimistic) run.refuse(new ChatKitError(kit.t('thread.unsent')));
      else run.accept();
      return;
    }
    if (run.followed && error.status === 404) {
      run.accept(); // ended in between: it is read with the rest
      return;
    }
    run.failed = true;
    if (!run.isAccepted && run.optimistic) {
      run.refuse(error);
      if (!error.told) kit.fail(error);
      return;
    }
    run.accept();
    const words = error instanceof ChatKitError ? error.message : kit.t('thread.broken');
    // Nothing to answer again where the server never had what was asked, or where somebody else has asked.
    const retry = (!run.followed || this.#mine.has(run.followed)) && (run.after === null || run.answering === true);
    kit.store.set({ error: { message: words, retry, after: run.after } });
    kit.report(error);
  }

  #over(run) {
    const { kit } = this;
    if (run.answering) kit.emit('response.end');
    const stopped = Boolean(run.stopped && !run.waits);
    kit.store.set({ responding: false, canStop: false, stopping: false, progress: null, stopped });
    if (stopped) kit.announcer.close(kit.t('thread.stopped'));
    else if (run.answering && !run.left && !run.failed) kit.announcer.close(kit.t('thread.answered'));
  }
}

/** Resolves when a signal fires. */
function once(signal) {
  return new Promise((resolve) => {
    signal.addEventListener('abort', resolve, { once: true });
  });
}

function newRun({ optimistic = null, followed = null, replaces = [], after = null, threadId = null, key = null }) {
  const run = { optimistic, followed, replaces, after, threadId, key, sending: optimistic !== null, turnId: null, control: new AbortController(), calls: new Map(), isAccepted: false, sent: null, left: false };
  run.accepted = new Promise((resolve, reject) => {
    run.accept = () => {
      run.isAccepted = true;
      resolve();
    };
    run.refuse = reject;
  });
  run.accepted.catch(() => {}); // whoever waits for it hears of it
  return run;
}

/** A message and its answer: sending, following, stopping and trying again, with every way that can go wrong said in words. */

import { sleep } from '../api/backoff.js';
import { follow } from '../api/follow.js';
import { ApiError, NetworkError } from '../api/http.js';
import { answerId, emptyTurn, fold, isRunning, textOf } from '../state/fold.js';
import { ownItem, unsent } from '../state/messages.js';

const TRIES = 4; // of one message, before a person is asked
const FIRST_WAIT = 2; // seconds, where the server names none
const LONGEST_WAIT = 15;
const UNSEEN = 10_000; // ms that a hidden page goes on reading

export class TurnActions {
  #following; // AbortController of the stream that feeds `state.turn`
  #sending; // AbortController of a message that is not accepted yet
  #stopWanted = false;
  #asleep; // id of the turn that is no longer read because nobody looks

  constructor(app) {
    this.app = app;
  }

  /** A page that nobody sees gives its connection back: a browser has only a few for one server. */
  watch() {
    this.seen = () => {
      clearTimeout(this.resting);
      if (document.hidden) this.resting = setTimeout(() => this.#rest(), UNSEEN);
      else this.#wake();
    };
    document.addEventListener('visibilitychange', this.seen);
  }

  unwatch() {
    clearTimeout(this.resting);
    document.removeEventListener('visibilitychange', this.seen);
  }

  #rest() {
    const { turn } = this.app.store.state;
    if (!isRunning(turn) || turn.seq === undefined || !this.#following) return;
    this.#following.abort();
    this.#following = undefined;
    this.#asleep = turn.id;
  }

  #wake() {
    const { turn } = this.app.store.state;
    if (this.#asleep && this.#asleep === turn?.id) this.follow(turn.id, { view: turn });
    this.#asleep = undefined;
  }

  get busy() {
    const { pending, turn } = this.app.store.state;
    return isRunning(turn) || unsent(pending);
  }

  /** Send a message in the open thread, or in a new one. -> whether it was taken (the text may be cleared) */
  send(text) {
    if (this.busy || !text.trim()) return false;
    const { store } = this.app;
    const pending = { key: crypto.randomUUID(), text, threadId: store.state.threadId, model: store.state.model };
    store.set({ ...this.#absorbed(), pending, turn: undefined, banner: undefined });
    this.#deliver(pending);
    return true;
  }

  /** What the last turn showed, as items, where the server's own could not be fetched; and the names they go by. */
  #absorbed() {
    const { turn, items, pending, names, threadId } = this.app.store.state;
    const own = ownItem(items, pending);
    const seq = (items.at(-1)?.seq ?? 0) + 1;
    const extra = [];
    if (pending?.turnId && !own) {
      const user = { id: pending.key, type: 'user_message', text: pending.text, turn_id: pending.turnId };
      extra.push({ ...user, thread_id: threadId, seq });
    }
    if (turn && textOf(turn) && !items.some((item) => item.turn_id === turn.id && item.type === 'assistant_message')) {
      const id = answerId(turn) || turn.id;
      const answer = { id, type: 'assistant_message', text: textOf(turn), turn_id: turn.id, model: turn.model };
      extra.push({ ...answer, thread_id: threadId, seq: seq + 1, data: { state: turn.state } });
    }
    return { items: [...items, ...extra], names: own ? { ...names, [own.id]: pending.key } : names };
  }

  /** Send again what was refused: same key, so that it can never be said twice. */
  resend() {
    const { store } = this.app;
    const { pending } = store.state;
    if (!pending?.error) return;
    const again = { ...pending, error: undefined, model: store.state.model };
    if (again.model !== pending.model || pending.error.code === 'idempotency_conflict') again.key = crypto.randomUUID();
    store.set({ pending: again, banner: undefined });
    this.#deliver(again);
  }

  /** Take a refused message back into the composer. -> its text */
  takeBack() {
    const { pending } = this.app.store.state;
    this.app.store.set({ pending: undefined, banner: undefined });
    return pending?.text ?? '';
  }

  async #deliver(pending) {
    const { store } = this.app;
    const { signal } = (this.#sending = new AbortController());
    this.#stopWanted = false;
    try {
      const threadId = pending.threadId ?? (await this.#newThread(signal));
      if (!pending.threadId) store.set({ pending: { ...store.state.pending, threadId } });
      const body = { message: pending.text, thread_id: threadId, model: pending.model };
      const response = await this.#insist((s) => this.app.client.send(body, { key: pending.key, signal: s }), signal);
      this.#sending = undefined;
      this.#begin(response, threadId, pending.model);
    } catch (error) {
      this.#sending = undefined;
      this.#refused(error, signal, pending.key);
    }
  }

  async #newThread(signal) {
    const { store } = this.app;
    const thread = await this.#insist(() => this.app.client.createThread(), signal);
    store.set({ threadId: thread.id, thread });
    this.app.visited(thread.id);
    return thread.id;
  }

  #begin(response, threadId, model) {
    const turnId = response.headers.get('X-Turn-Id');
    this.app.store.set({ pending: { ...this.app.store.state.pending, turnId } });
    this.app.threads.list({ quiet: true }); // it has a title now
    this.app.threads.tell({ kind: 'turn', threadId });
    this.follow(turnId, { response, requested: model });
    if (this.#stopWanted) this.stop();
  }

  #refused(error, signal, key) {
    const { store } = this.app;
    const { pending } = store.state;
    if (pending?.key !== key) return undefined; // another thread is open
    if (error.turnId) return this.#failed(error, pending);
    if (signal.aborted) error = { code: 'stopped', message: 'Not sent.', retryable: true };
    const reason = { code: error.code, detail: error.message, retryable: error.retryable !== false };
    store.set({ pending: { ...pending, error: reason }, banner: undefined });
    this.app.announce(reason.detail);
    if (error.code === 'turn_running') this.#elsewhere(pending.threadId);
    return undefined;
  }

  /** The message was taken and kept, but its answer failed before the first word. */
  #failed(error, pending) {
    const { store } = this.app;
    const { turnId, code, message: detail, retryable } = error;
    const view = emptyTurn(turnId, pending.threadId, pending.model);
    store.set({
      pending: { ...pending, turnId },
      turn: fold(view, { type: 'failed', code, detail, retryable, text: '' }),
      banner: undefined,
    });
    return this.#ended(pending.threadId);
  }

  /** Another tab is being answered in this thread: show that answer. */
  async #elsewhere(threadId) {
    const thread = await this.app.client.thread(threadId).catch(() => undefined);
    if (thread?.active_turn_id && this.app.store.state.threadId === threadId) this.follow(thread.active_turn_id);
  }

  /**
   * Call until it works, it is refused for good, or a person has had enough. Waits are shown, and can be cut short.
   * @param {(signal: AbortSignal) => Promise<any>} call
   */
  async #insist(call, signal, tries = TRIES) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const result = await call(signal);
        signal.throwIfAborted(); // it worked, but the person is elsewhere by now
        this.app.store.set({ banner: undefined });
        return result;
      } catch (error) {
        const asked = error instanceof ApiError && [429, 503].includes(error.status) && error.retryable && error.retryAfter !== undefined;
        const waits = (isAway(error) || asked) && error.code !== 'not_configured';
        if (signal.aborted || !waits || attempt >= tries) throw error;
        await this.#countdown(error, error.retryAfter ?? Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempt - 1)), signal);
      }
    }
  }

  async #countdown(error, seconds, signal) {
    const now = new AbortController();
    const text = isAway(error) ? 'The server cannot be reached.' : error.message;
    this.app.store.set({
      banner: {
        level: 'warning',
        text,
        until: Date.now() + seconds * 1000,
        actions: [
          { label: 'Try now', run: () => now.abort() },
          { label: 'Cancel', run: () => this.#sending?.abort() },
        ],
      },
    });
    this.app.announce(`${text} Trying again in ${Math.ceil(seconds)} seconds.`);
    await sleep(seconds * 1000, AbortSignal.any([now.signal, signal])).catch(() => {});
    if (signal.aborted) throw error.turnId ? error : signal.reason; // what was taken is not «not sent»
  }

  /** Show a turn as it goes on. @param {{response?: Response, requested?: string, view?: object}} known */
  async follow(turnId, { response, requested, view } = {}) {
    const { store, client } = this.app;
    const threadId = store.state.pending?.threadId ?? store.state.threadId;
    this.#following?.abort();
    const { signal } = (this.#following = new AbortController());
    store.set({ turn: view ?? emptyTurn(turnId, threadId, requested), stopping: false, link: 'open' });
    if (!view) this.app.announce('The answer is being written.');
    const onEvent = (event) => {
      if (signal.aborted) return;
      if (event.type === 'item') this.#item(event.item);
      if (event.type === 'thread') this.#thread(event);
      store.set({ turn: fold(store.state.turn, event) });
    };
    const onLink = (link) => {
      if (!signal.aborted && store.state.link !== link) store.set({ link });
    };
    try {
      await follow(client, { turnId, response, after: view?.seq, onEvent, onLink, signal });
    } catch (error) {
      if (signal.aborted) return;
      this.#lost(error);
    }
    if (!signal.aborted) await this.#ended(threadId);
  }

  /** The user's own message comes back as an item, unless it was there before. */
  #item(item) {
    const { store } = this.app;
    if (item?.type !== 'user_message' || store.state.items.some((one) => one.id === item.id)) return;
    store.set({ items: [...store.state.items, item] });
  }

  #thread({ title, status }) {
    const { store, threads } = this.app;
    const { thread } = store.state;
    store.set({ thread: { ...thread, ...(title && { title }), ...(status && { status }) } });
    threads.list({ quiet: true });
  }

  #lost(error) {
    const { turn } = this.app.store.state;
    const detail = error.status === 404 ? 'This answer is not available any more.' : error.message;
    this.app.store.set({ turn: fold(turn, { type: 'interrupted', code: error.code, detail, retryable: true, text: textOf(turn) }) });
  }

  async #ended(threadId) {
    const { store, threads } = this.app;
    const { turn, ends } = store.state;
    const { requested, error, usage } = turn;
    store.set({ ends: { ...ends, [turn.id]: { requested, error, usage } }, stopping: false, link: 'open' });
    this.app.finished(turn);
    try {
      await threads.refresh(threadId);
    } catch (error) {
      if (!isAway(error)) this.app.warn(error);
    }
    if (turn.state === 'interrupted' && error?.code === 'restart') this.#goOn(turn, threadId);
  }

  /** The server has ended the answer in order to restart: ask for it once more, in whichever tab of this person is the first. */
  #goOn(turn, threadId) {
    const { threadId: open, thread, items } = this.app.store.state;
    if (open !== threadId || this.busy) return;
    const last = items.at(-1);
    if (thread?.active_turn_id && thread.active_turn_id !== turn.id) this.follow(thread.active_turn_id);
    else if (!last || last.turn_id === turn.id || last.type === 'user_message') this.retry(turn.id, { byItself: true });
  }

  /** Stop the running answer; the server's own event then ends it. */
  async stop() {
    const { store, client } = this.app;
    const { turn } = store.state;
    if (!isRunning(turn) || this.#sending) {
      this.#stopWanted = true; // not accepted yet: stopped as soon as it has a name
      if (store.state.banner) this.#sending?.abort();
      return;
    }
    store.set({ stopping: true });
    try {
      await client.cancel(turn.id);
    } catch (error) {
      store.set({ stopping: false });
      if (error.status !== 409 && error.status !== 404) this.app.warn(error, { label: 'Stop', run: () => this.stop() });
    }
  }

  /**
   * Ask for another answer to the same message. `byItself`: nobody has asked for it, so it is the same request in each tab of
   * this person, what was said stays until it is granted, and nobody is told of a refusal.
   */
  async retry(turnId, { byItself = false } = {}) {
    const { store, client, threads } = this.app;
    if (this.busy) return;
    const { items, threadId, turn: before } = store.state;
    const model = byItself ? undefined : store.state.model;
    const key = byItself ? `restart-${turnId}` : crypto.randomUUID();
    const { signal } = (this.#sending = new AbortController());
    this.#stopWanted = false;
    const kept = items.filter((item) => item.turn_id !== turnId || item.type === 'user_message');
    const empty = emptyTurn(turnId, threadId, model);
    store.set({ banner: undefined, items: kept, turn: { ...empty, ...(byItself && { parts: before.parts }), state: 'running' } });
    try {
      const turn = await this.#insist(() => client.retry(turnId, { model, key }), signal, byItself ? Infinity : TRIES);
      this.#sending = undefined;
      threads.tell({ kind: 'turn', threadId });
      this.follow(turn.id, { requested: model ?? turn.requested_model });
      if (this.#stopWanted) this.stop();
    } catch (error) {
      if (store.state.threadId !== threadId) return;
      store.set({ items, turn: before });
      if (byItself) threads.sync();
      else if (!signal.aborted) this.app.warn(error, { label: 'Try again', run: () => this.retry(turnId) });
    } finally {
      if (this.#sending?.signal === signal) this.#sending = undefined;
    }
  }

  /** Stop watching; the turn itself goes on. */
  leave() {
    this.#following?.abort();
    this.#sending?.abort();
    this.app.store.set({ turn: undefined, pending: undefined, stopping: false, link: 'open' });
  }
}

/** Whether nobody has answered: no network, or a proxy in front of a server that is not there. */
function isAway(error) {
  return error instanceof NetworkError || (error instanceof ApiError && /^http_50[234]$/.test(error.code));
}

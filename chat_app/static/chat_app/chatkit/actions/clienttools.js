/**
 * Tools of the page that an answer has asked for: each is run once, and its result goes back. In one tab alone, whichever has
 * the lock of the call; the tab that has asked for the answer is first.
 */

const LATER = 1_000; // ms by which a tab that has not asked lets the one that has be first

export class ClientTools {
  #seen = new Set(); // calls that this page has run, left alone, or tried to run
  #kept = new Map(); // results that came while another thread was shown: they go back with their own

  /** @param kit @param {{busy: boolean, give: (result: object) => Promise<void>}} chat */
  constructor(kit, chat) {
    Object.assign(this, { kit, chat });
    kit.store.subscribe((state) => this.#look(state));
  }

  /** The calls of an answer that this page has asked for, when it has ended. `leave`: it was stopped, or failed. `shared`: another
   *  tab may have run them meanwhile, so that they are looked for like those of anybody. */
  async run(calls, { leave, shared }) {
    if (shared && !leave && this.#may) return;
    for (const call of calls) this.#seen.add(call.id);
    if (leave) return;
    for (const call of calls) {
      if (!this.kit.options.onClientTool) {
        this.kit.report(new Error(`No onClientTool for the tool "${call.name}".`));
        return;
      }
      if (!(await locked(call, {}, () => this.#one(call)))) return;
    }
  }

  /** The last item waits for a tool, and nothing is being answered: whoever was to run it may be gone. */
  #look({ threadId, loading, responding, phase }) {
    if (!threadId || loading || responding || phase !== 'ready' || !this.#may) return;
    const call = this.kit.items.last();
    if (!waits(call) || this.#seen.has(call.id)) return;
    this.#seen.add(call.id);
    setTimeout(() => this.#resume(call).catch((error) => this.kit.report(error)), LATER);
  }

  get #may() {
    const { connection } = this.kit.transport ?? {};
    return Boolean(connection && this.kit.options.onClientTool && navigator.locks); // without locks two tabs might run it
  }

  async #resume({ id, thread_id: threadId }) {
    const { kit } = this;
    const isOpen = () => kit.isUp && !this.chat.busy && kit.store.state.threadId === threadId;
    if (!isOpen()) return;
    await locked({ id }, { ifAvailable: true }, async () => {
      await kit.threads.refresh(); // another tab may have run it, and let go of the lock
      const call = kit.items.last();
      if (isOpen() && call?.id === id && waits(call)) await this.#one(call);
    });
  }

  /** -> whether the next one may be run */
  async #one(call) {
    const { kit } = this;
    const result = this.#kept.get(call.id) ?? (await this.#result(call));
    if (this.chat.busy || kit.store.state.threadId !== (call.thread_id ?? kit.store.state.threadId)) {
      this.#kept.set(call.id, result);
      this.#seen.delete(call.id);
      return false;
    }
    this.#kept.delete(call.id);
    kit.items.put({ ...call, status: 'completed' });
    await this.chat.give(result);
    return true;
  }

  async #result({ name, arguments: params }) {
    const { kit } = this;
    try {
      return (await kit.options.onClientTool({ name, params: params ?? {} })) ?? {};
    } catch (error) {
      kit.report(error);
      return { error: String(error?.message ?? error) };
    }
  }
}

function waits(item) {
  return item?.type === 'client_tool_call' && item.status === 'pending';
}

/** Do it while no other tab does. Where there are no locks, or with `ifAvailable` the lock is taken, it is done or not as that says. */
async function locked({ id }, options, work) {
  if (!navigator.locks) return work();
  return navigator.locks.request(`chatkit-tool-${id}`, options, (lock) => (lock ? work() : undefined));
}

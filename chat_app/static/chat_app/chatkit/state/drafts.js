/** Unsent messages, kept in this browser for each thread of a server. Never a credential, never an answer. */

const PREFIX = 'chatkit.drafts ';
const MOST = 50;

/** What of a message is kept as a draft. */
export function draftOf({ content, attachments, reply }) {
  return { content, attachments, ...(reply ? { reply } : {}) };
}

/** Two drafts as one, the second behind the first. @param {object} first @param {object} [second] {content, attachments, reply} */
export function joined(first, second) {
  if (!second) return first;
  const [one, two] = [first.content ?? [], second.content ?? []];
  const between = one.length && two.length ? [{ type: 'input_text', text: '\n' }] : [];
  const attachments = [...(first.attachments ?? []), ...(second.attachments ?? [])];
  return { ...second, ...first, content: [...one, ...between, ...two], attachments };
}

export class Drafts {
  /** @param {() => string} server whose threads they belong to */
  constructor(server) {
    this.server = server;
  }

  get(threadId) {
    return this.#read()[threadId ?? ''];
  }

  /** @param {object|undefined} value undefined: there is none any more */
  set(threadId, value) {
    const drafts = this.#read();
    delete drafts[threadId ?? ''];
    if (value !== undefined) drafts[threadId ?? ''] = value;
    try {
      const newest = Object.entries(drafts).slice(-MOST);
      if (newest.length) localStorage.setItem(PREFIX + this.server(), JSON.stringify(Object.fromEntries(newest)));
      else localStorage.removeItem(PREFIX + this.server());
    } catch {
      // Storage is off or full: the chat works, it only forgets.
    }
  }

  #read() {
    try {
      const kept = JSON.parse(localStorage.getItem(PREFIX + this.server()));
      return kept && typeof kept === 'object' ? kept : {};
    } catch {
      return {}; // storage is off, or holds something of another version
    }
  }
}

/** What outlives a reload in this browser: drafts, the theme, the chosen model. Never a credential, never an answer. */

const PREFIX = 'chat-backend.';
const MOST_DRAFTS = 50;

function read(name, fallback) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name)) ?? fallback;
  } catch {
    return fallback; // storage is off, or holds something of another version
  }
}

function write(name, value) {
  try {
    if (value === undefined) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Storage is off or full: the page works, it only forgets.
  }
}

export const kept = {
  get theme() {
    return read('theme', 'auto');
  },
  set theme(value) {
    write('theme', value);
  },
  get model() {
    return read('model', undefined);
  },
  set model(value) {
    write('model', value);
  },
  get folded() {
    return read('folded', false);
  },
  set folded(value) {
    write('folded', value);
  },
};

/** The unsent text of a thread ('' is the new chat). */
export function draft(threadId) {
  return read('drafts', {})[threadId ?? ''] ?? '';
}

export function keepDraft(threadId, text) {
  const drafts = read('drafts', {});
  delete drafts[threadId ?? ''];
  if (text.trim()) drafts[threadId ?? ''] = text;
  write('drafts', Object.fromEntries(Object.entries(drafts).slice(-MOST_DRAFTS)));
}

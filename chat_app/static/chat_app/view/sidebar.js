/** The history at the side: a column on wide screens, a drawer on narrow ones. */

import { h, iconButton, place, setAttr, setText } from './dom.js';
import { icon } from './icons.js';
import { themeButton } from './theme.js';
import { ThreadRow } from './threadrow.js';

const DAY = 86_400_000;
const WAIT = 250; // ms after the last key before a search is asked for

export class Sidebar {
  #rows = new Map();
  #shown;

  constructor(app, { person, login, admin }) {
    this.app = app;
    const link = admin ? h('a', { href: admin }, 'Admin') : !person && login && h('a', { href: login }, 'Sign in');
    this.name = h('span', { class: 'who-name', dir: 'auto' }, person ?? 'Guest');
    this.search = h('input', {
      type: 'search',
      class: 'search',
      placeholder: 'Search',
      'aria-label': 'Search conversations',
      dir: 'auto',
      on: { input: () => this.#searched() },
    });
    this.note = h('p', { class: 'side-note', role: 'status' });
    this.groups = h('div', { class: 'groups' });
    this.more = h('button', { type: 'button', class: 'button quiet wide', hidden: true, on: { click: () => app.threads.more() } }, 'Show more');
    this.element = h('nav', { class: 'side', id: 'side', 'aria-label': 'Conversations' },
      h('div', { class: 'side-head' },
        h('span', { class: 'brand' }, icon('spark'), h('span', {}, 'Chat')),
        iconButton('Hide the list', icon('close'), () => app.closeDrawer(), { class: 'side-close' })),
      h('button', { type: 'button', class: 'button new', on: { click: () => app.newChat() } }, icon('plus'), h('span', {}, 'New chat')),
      h('div', { class: 'search-box' }, icon('search'), this.search),
      h('div', { class: 'side-list' }, this.note, this.groups, this.more),
      h('div', { class: 'side-foot' }, h('div', { class: 'who' }, this.name, link), themeButton(app)),
    );
  }

  #searched() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.app.threads.list({ query: this.search.value.trim() }), WAIT);
  }

  render({ threads, threadId, phase }) {
    const { data, query, loading, failed, next } = threads;
    if (this.#shown !== data) this.#fill(data, threadId);
    for (const [id, row] of this.#rows) row.update(row.thread, id === threadId);
    this.#shown = data;
    setText(this.note, failed ?? noteFor({ data, query, loading, phase }));
    this.more.hidden = !next;
    this.name.hidden = phase === 'locked';
    setAttr(this.element, 'aria-busy', loading ? 'true' : undefined);
  }

  #fill(data, threadId) {
    const focused = this.element.getRootNode().activeElement;
    const rows = new Map();
    const groups = new Map();
    for (const thread of data) {
      const row = this.#rows.get(thread.id) ?? new ThreadRow(this.app);
      row.update(thread, thread.id === threadId);
      rows.set(thread.id, row);
      const name = ageOf(thread.updated_at);
      groups.set(name, [...(groups.get(name) ?? []), row.element]);
    }
    this.#rows = rows;
    place(this.groups, [...groups].map(([name, elements]) => this.#group(name, elements)));
    if (focused?.isConnected && this.element.contains(focused)) focused.focus();
  }

  #group(name, elements) {
    let group = [...this.groups.children].find((child) => child.dataset.name === name);
    group ??= h('section', { class: 'group', 'data-name': name, 'aria-label': name }, h('h2', {}, name), h('ul', {}));
    place(group.lastElementChild, elements);
    return group;
  }
}

function noteFor({ data, query, loading, phase }) {
  if (data.length || phase !== 'ready') return '';
  if (loading) return 'Loading…';
  return query ? 'Nothing found.' : 'Your conversations will be listed here.';
}

/** Which heading a time belongs under. */
function ageOf(time) {
  const midnight = new Date().setHours(0, 0, 0, 0);
  const then = Date.parse(time);
  if (!(then < midnight)) return 'Today';
  if (then >= midnight - DAY) return 'Yesterday';
  if (then >= midnight - 7 * DAY) return 'Last seven days';
  return 'Earlier';
}

/** What the panel lists: conversations by their age, or those that were found, with names, and what can be done about each. */

import { h, place, setAttr, setText } from '../../view/dom.js';
import { Row } from './row.js';

const DAY = 86_400_000;
const AGES = ['today', 'yesterday', 'week', 'older'];

export class Listing {
  #rows = new Map();
  #groups = new Map();

  /** @param {{further: () => void}} ask for more, because somebody wants it or the end is near */
  constructor(kit, { further }) {
    this.kit = kit;
    this.element = h('div', { class: 'history-list' });
    this.note = h('p', { class: 'history-empty', role: 'status', hidden: true });
    this.waiting = h('div', { class: 'skeleton', 'aria-hidden': 'true', hidden: true }, h('span'), h('span'), h('span'));
    this.results = h('ul', { role: 'list', class: 'history-found' });
    this.more = h('button', { type: 'button', class: 'button quiet wide', hidden: true, on: { click: further } }, h('span'));
    this.below = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && further(), { root: this.element, rootMargin: '200px' });
    kit.ended.then(() => this.below.disconnect());
  }

  /** Everything anew: other words, or other things that can be done. */
  reset() {
    this.#rows.clear();
    this.#groups.clear();
  }

  /** @returns {boolean} whether it could be drawn now */
  draw(history, threadId, phase) {
    // A row that moves loses the focus, and with it the name that is being typed.
    if ([...this.#rows.values()].some((row) => row.renaming)) return false;
    const { search } = history;
    const { threads, after, loading, failed } = search ?? history;
    const focused = this.kit.root.activeElement;
    const rows = this.#rowsOf(threads, threadId);
    this.#words(search, failed);
    this.note.hidden = loading || phase !== 'ready' || (threads.length > 0 && !failed) || !(search || this.kit.threads.isListed);
    this.waiting.hidden = !(loading || phase === 'starting') || threads.length > 0;
    this.more.hidden = !after && !failed;
    const shown = search ? this.#found(rows) : this.#aged(rows);
    place(this.element, [...shown, this.waiting, this.note, this.more]);
    setAttr(this.element, 'aria-busy', loading ? 'true' : undefined);
    this.#keep(focused);
    this.below.disconnect();
    if (after && !failed && !loading) this.below.observe(this.more);
    return true;
  }

  #rowsOf(threads, threadId) {
    const rows = new Map();
    for (const thread of threads) {
      const row = this.#rows.get(thread.id) ?? new Row(this.kit);
      row.render(thread, thread.id === threadId);
      rows.set(thread.id, row);
    }
    this.#rows = rows;
    return [...rows.values()];
  }

  #words(search, failed) {
    const { t } = this.kit;
    const none = search ? t('history.nothing') : t('history.empty');
    const not = search ? t('history.searchFailed') : t('history.failed');
    setText(this.note, failed ? not : none);
    setText(this.more.firstElementChild, failed ? t('frame.retry') : t('history.more'));
  }

  #found(rows) {
    place(this.results, rows.map(({ element }) => element));
    return rows.length ? [this.results] : [];
  }

  #aged(rows) {
    const groups = new Map(AGES.map((age) => [age, []]));
    for (const { thread, element } of rows) groups.get(ageOf(thread.created_at)).push(element);
    return [...groups].filter(([, elements]) => elements.length).map(([age, elements]) => this.#group(age, elements));
  }

  #group(age, elements) {
    if (!this.#groups.has(age)) {
      const list = h('ul', { role: 'list' });
      this.#groups.set(age, { list, element: h('section', { class: 'history-group' }, h('h3', { class: 'history-group-title' }, this.kit.t(`history.${age}`)), list) });
    }
    const group = this.#groups.get(age);
    place(group.list, elements);
    return group.element;
  }

  /** The focus stays where it was when rows move, and goes to the last one when there are no more to be had. */
  #keep(focused) {
    if (!focused || !this.element.contains(focused)) return;
    if (focused === this.more && this.more.hidden) [...this.#rows.values()].at(-1)?.open.focus();
    else if (focused !== this.kit.root.activeElement) focused.focus();
  }

  /** The row that is nearest to this one. */
  beside(row) {
    const rows = [...this.#rows.values()];
    const at = rows.indexOf(row);
    return rows[at + 1] ?? rows[at - 1];
  }
}

function ageOf(createdAt) {
  const made = new Date(createdAt);
  if (Number.isNaN(made.getTime())) return 'older';
  const midnight = new Date().setHours(0, 0, 0, 0);
  if (made >= midnight) return 'today';
  if (made >= midnight - DAY) return 'yesterday';
  return made >= midnight - 7 * DAY ? 'week' : 'older';
}

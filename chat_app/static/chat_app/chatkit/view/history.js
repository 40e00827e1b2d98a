/** The list of conversations: a panel that slides over the chat, with names, ages, and what can be done about each. */

import { fill, h, iconButton, place, setAttr, setText } from '../../view/dom.js';
import { menu } from '../composer/menu.js';
import { confirm } from './dialog.js';

const DAY = 86_400_000;

export class HistoryPanel {
  #rows = new Map();

  constructor(kit) {
    this.kit = kit;
    this.title = h('h2', { class: 'history-title' });
    this.list = h('div', { class: 'history-list' });
    this.element = h('nav', { class: 'panel history', inert: true });
    this.scrim = h('div', { class: 'scrim', on: { click: () => this.hide() } });
    this.groups = new Map();
    this.note = h('p', { class: 'history-empty', role: 'status', hidden: true });
    this.waiting = h('div', { class: 'skeleton', 'aria-hidden': 'true', hidden: true }, h('span'), h('span'), h('span'));
  }

  configure() {
    const { kit } = this;
    setAttr(this.element, 'aria-label', kit.t('history.title'));
    setText(this.title, kit.t('history.title'));
    const { showRename, showDelete } = kit.options.history;
    const face = JSON.stringify([kit.locale, showRename, showDelete]);
    if (face === this.face) return;
    this.face = face;
    this.close = iconButton(kit.t('history.close'), kit.icon('close'), () => this.hide());
    this.more = h('button', { type: 'button', class: 'button quiet wide', hidden: true, on: { click: () => kit.threads.list({ more: true }) } }, h('span', {}, kit.t('history.more')));
    fill(this.element, h('div', { class: 'history-head' }, this.title, this.close), this.list);
    this.#rows.clear();
    this.groups.clear();
    this.drawn = undefined;
  }

  show() {
    const { kit } = this;
    const { history } = kit.store.state;
    if (history.open || !kit.options.history.enabled) return;
    this.before = kit.root.activeElement;
    kit.store.set({ history: { ...history, open: true } });
    kit.emit('history.open');
    void kit.threads.list();
    requestAnimationFrame(() => requestAnimationFrame(() => this.close.focus()));
  }

  hide() {
    const { kit } = this;
    const { history } = kit.store.state;
    if (!history.open) return;
    kit.store.set({ history: { ...history, open: false } });
    kit.emit('history.close');
    this.before?.focus?.();
  }

  toggle() {
    if (this.kit.store.state.history.open) this.hide();
    else this.show();
  }

  render({ history, threadId }) {
    const { open } = history;
    setAttr(this.element, 'data-open', open);
    this.element.inert = !open;
    if (!open || (this.drawn === history && this.current === threadId)) return;
    this.drawn = history;
    this.current = threadId;
    this.#draw(history, threadId);
  }

  #draw({ threads, after, loading, failed }, threadId) {
    const { t } = this.kit;
    const groups = new Map();
    const rows = new Map();
    for (const thread of threads) {
      const name = ageOf(thread.created_at);
      const row = this.#rows.get(thread.id) ?? new Row(this.kit);
      row.render(thread, thread.id === threadId);
      rows.set(thread.id, row);
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(row.element);
    }
    this.#rows = rows;
    const sections = [...groups].map(([name, elements]) => this.#group(name, elements));
    this.note.hidden = loading || (threads.length > 0 && !failed);
    setText(this.note, failed ? t('history.failed') : t('history.empty'));
    this.waiting.hidden = !loading || threads.length > 0;
    this.more.hidden = !after;
    place(this.list, [...sections, this.waiting, this.note, this.more]);
  }

  #group(name, elements) {
    if (!this.groups.has(name)) {
      const list = h('ul', { role: 'list' });
      this.groups.set(name, { list, element: h('section', { class: 'history-group' }, h('h3', { class: 'history-group-title' }, this.kit.t(`history.${name}`)), list) });
    }
    const group = this.groups.get(name);
    place(group.list, elements);
    return group.element;
  }
}

class Row {
  constructor(kit) {
    this.kit = kit;
    this.open = h('button', { type: 'button', class: 'history-open', dir: 'auto', on: { click: () => this.#open() } });
    this.options = iconButton('', kit.icon('dots-horizontal'), () => {}, { class: 'small' });
    this.element = h('li', { class: 'history-row' }, this.open, this.options);
    menu(kit, this.options, '', () => this.#entries(), { end: true });
  }

  async #open() {
    this.kit.history.hide();
    if (this.kit.store.state.threadId !== this.thread.id) await this.kit.threads.open(this.thread.id);
    this.kit.composer.focus();
  }

  #entries() {
    const { t, options } = this.kit;
    return [
      options.history.showRename && { label: t('history.rename'), icon: 'pencil', run: () => this.#rename() },
      options.history.showDelete && { label: t('history.delete'), icon: 'trash', danger: true, run: () => this.#remove() },
    ].filter(Boolean);
  }

  #rename() {
    const { kit } = this;
    const field = h('input', { class: 'input', 'aria-label': kit.t('history.renameLabel'), maxlength: '200', dir: 'auto' });
    field.value = this.thread.title ?? '';
    const done = (save) => {
      if (!field.isConnected || this.ending) return;
      this.ending = true;
      field.replaceWith(this.open);
      this.ending = false;
      const name = field.value.trim();
      if (save && name && name !== this.thread.title) void kit.threads.rename(this.thread.id, name);
      this.open.focus();
    };
    field.addEventListener('keydown', (event) => {
      if (event.isComposing || !['Enter', 'Escape'].includes(event.key)) return;
      event.preventDefault();
      done(event.key === 'Enter');
    });
    field.addEventListener('blur', () => done(true));
    this.open.replaceWith(field);
    field.focus();
    field.select();
  }

  async #remove() {
    const { kit, thread } = this;
    const title = thread.title || kit.t('header.untitled');
    const sure = await confirm(kit, { title: kit.t('history.deleteTitle'), text: kit.t('history.deleteText', { title }), yes: kit.t('history.delete') });
    if (sure) await kit.threads.remove(thread.id);
  }

  render(thread, current) {
    const { t, options } = this.kit;
    this.thread = thread;
    const title = thread.title || t('header.untitled');
    setText(this.open, title);
    setAttr(this.open, 'aria-current', current ? 'true' : undefined);
    this.element.classList.toggle('current', current);
    const label = t('history.options', { title });
    setAttr(this.options, 'aria-label', label);
    setAttr(this.options, 'title', label);
    this.options.hidden = !options.history.showRename && !options.history.showDelete;
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

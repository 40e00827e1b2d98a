/** One conversation in the list: open it, name it, export it, delete it. */

import { h, iconButton, setAttr, setText } from '../../view/dom.js';
import { menu } from '../composer/menu.js';
import { confirm } from './dialog.js';

export class Row {
  constructor(kit) {
    this.kit = kit;
    this.open = h('button', { type: 'button', class: 'history-open', dir: 'auto', on: { click: () => this.#open() } });
    this.options = iconButton('', kit.icon('dots-horizontal'), () => {}, { class: 'small' });
    this.element = h('li', { class: 'history-row' }, this.open, this.options);
    this.renaming = false;
    menu(kit, this.options, '', () => this.#entries(), { end: true });
  }

  async #open() {
    const { kit } = this;
    kit.history.uncover();
    if (kit.store.state.threadId !== this.thread.id) await kit.threads.open(this.thread.id);
    kit.composer.focus();
  }

  #entries() {
    const { kit } = this;
    const { showRename, showDelete } = kit.options.history;
    return [
      showRename && { label: kit.t('history.rename'), icon: 'pencil', run: () => this.#rename() },
      canExport(kit) && { label: kit.t('history.export'), icon: 'download', run: () => kit.threads.export(this.thread) },
      showDelete && { label: kit.t('history.delete'), icon: 'trash', danger: true, run: () => this.#remove() },
    ].filter(Boolean);
  }

  #rename() {
    const { kit } = this;
    const field = h('input', { class: 'input', 'aria-label': kit.t('history.renameLabel'), maxlength: '200', dir: 'auto' });
    field.value = this.thread.title ?? '';
    const done = (save) => {
      if (!this.renaming) return; // taking the field away blurs it
      this.renaming = false;
      const focused = kit.root.activeElement === field;
      field.replaceWith(this.open);
      const name = field.value.trim();
      if (save && name && name !== this.thread.title) void kit.threads.rename(this.thread.id, name);
      if (focused) this.open.focus();
      kit.store.touch();
    };
    field.addEventListener('keydown', (event) => {
      if (event.isComposing || !['Enter', 'Escape'].includes(event.key)) return;
      event.preventDefault();
      done(event.key === 'Enter');
    });
    field.addEventListener('blur', () => done(true));
    this.renaming = true;
    this.open.replaceWith(field);
    field.focus();
    field.select();
  }

  async #remove() {
    const { kit, thread } = this;
    const title = thread.title || kit.t('header.untitled');
    const sure = await confirm(kit, { title: kit.t('history.deleteTitle'), text: kit.t('history.deleteText', { title }), yes: kit.t('history.delete') });
    if (!sure) return;
    (kit.history.list.beside(this)?.open ?? kit.history.close).focus(); // this one is about to be gone
    await kit.threads.remove(thread.id);
  }

  render(thread, current) {
    const { kit } = this;
    this.thread = thread;
    const title = thread.title || kit.t('header.untitled');
    setText(this.open, title);
    setAttr(this.open, 'title', title);
    setAttr(this.open, 'aria-current', current ? 'true' : undefined);
    this.element.classList.toggle('current', current);
    const label = kit.t('history.options', { title });
    setAttr(this.options, 'aria-label', label);
    setAttr(this.options, 'title', label);
    const { showRename, showDelete } = kit.options.history;
    this.options.hidden = !showRename && !showDelete && !canExport(kit);
  }
}

/** Only this server's own API has a file of it. */
function canExport({ options, transport }) {
  return options.history.showExport && Boolean(transport.connection);
}

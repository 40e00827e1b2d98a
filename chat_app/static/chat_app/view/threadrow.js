/** One conversation in the history: open it, name it, export it, delete it. */

import { confirm } from './dialog.js';
import { h, setAttr, setText } from './dom.js';
import { icon } from './icons.js';
import { menu } from './menu.js';

export const UNTITLED = 'New conversation';

export class ThreadRow {
  constructor(app) {
    this.app = app;
    this.link = h('a', { class: 'row-link', dir: 'auto', on: { click: (event) => this.#open(event) } });
    this.more = h('button', { type: 'button', class: 'button row-more' }, icon('more'));
    this.menu = menu(this.more, 'Conversation', () => entriesFor(app, this.thread, () => this.#rename()));
    this.element = h('li', { class: 'row' }, this.link, this.more, this.menu);
  }

  update(thread, current) {
    this.thread = thread;
    const title = thread.title || UNTITLED;
    if (this.link.href !== `#thread=${thread.id}`) this.link.setAttribute('href', `#thread=${thread.id}`);
    setText(this.link, title);
    this.link.title = title;
    setAttr(this.link, 'aria-current', current ? 'page' : undefined);
    this.element.classList.toggle('current', current);
    this.element.classList.toggle('live', Boolean(thread.active_turn_id));
    setAttr(this.more, 'aria-label', `More for “${title}”`);
  }

  #open(event) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    this.app.threads.open(this.thread.id);
    this.app.closeDrawer();
  }

  #rename() {
    let over = false;
    const done = (save) => {
      if (over) return; // taking the field away blurs it
      over = true;
      const title = input.value.trim();
      input.replaceWith(this.link);
      this.more.focus();
      if (save && title && title !== this.thread.title) this.app.threads.rename(this.thread.id, title);
    };
    const input = h('input', {
      class: 'row-name',
      'aria-label': 'Name of the conversation',
      maxlength: '255',
      dir: 'auto',
      on: {
        keydown: (event) => {
          if (event.isComposing) return;
          if (event.key === 'Enter') done(true);
          if (event.key === 'Escape') {
            event.stopPropagation();
            done(false);
          }
        },
        blur: () => done(true),
      },
    });
    input.value = this.thread.title || '';
    this.link.replaceWith(input);
    input.select();
    input.focus();
  }
}

/** What can be done with a conversation. */
export function entriesFor(app, thread, rename) {
  return [
    rename && { label: 'Rename', icon: 'pencil', run: rename },
    { label: 'Export as Markdown', icon: 'export', run: () => app.exportThread(thread.id) },
    { label: 'Delete', icon: 'trash', danger: true, run: () => remove(app, thread) },
  ].filter(Boolean);
}

async function remove(app, thread) {
  const sure = await confirm(app.root, {
    title: 'Delete this conversation?',
    text: `“${thread.title || UNTITLED}” and all its messages will be gone for good.`,
    yes: 'Delete',
  });
  if (sure) await app.threads.remove(thread.id);
}

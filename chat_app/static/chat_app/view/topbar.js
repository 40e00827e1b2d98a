/** The bar above the conversation: the way to the history, the title, and what can be done with the thread. */

import { h, iconButton, setText } from './dom.js';
import { icon } from './icons.js';
import { menu } from './menu.js';
import { entriesFor, UNTITLED } from './threadrow.js';

export class Topbar {
  constructor(app) {
    this.title = h('div', { class: 'title', dir: 'auto' });
    this.more = iconButton('More', icon('more'), () => {}, { hidden: true });
    this.list = iconButton('Conversations', icon('menu'), () => app.toggleSide(), { class: 'to-side', 'aria-controls': 'side' });
    this.element = h('header', { class: 'top' },
      this.list,
      this.title,
      this.more,
      menu(this.more, 'Conversation', () => entriesFor(app, app.store.state.thread)),
      iconButton('New chat', icon('pencil'), () => app.newChat()),
    );
  }

  render({ thread, threadId }) {
    const title = threadId ? (thread ? thread.title || UNTITLED : '') : '';
    setText(this.title, title);
    this.more.hidden = !thread;
  }
}

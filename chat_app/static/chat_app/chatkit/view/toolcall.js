/** A tool of the page that an answer called: one line, as long as it runs and after it. */

import { fill, h } from '../../view/dom.js';

export class ToolCallView {
  constructor(kit) {
    this.kit = kit;
    this.element = h('div', { class: 'tool-note' });
  }

  update({ name, status }) {
    const { kit } = this;
    const running = status === 'pending' && kit.chat.busy;
    const words = kit.t(running ? 'thread.toolRunning' : 'thread.tool', { name: String(name ?? '') });
    fill(this.element, running ? h('span', { class: 'spinner' }) : kit.icon('tools'), h('span', { dir: 'auto' }, words));
  }
}

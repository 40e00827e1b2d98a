/** The start screen: a greeting, and what one could ask. */

import { fill, h } from '../../view/dom.js';

export class Start {
  constructor(kit) {
    this.kit = kit;
    this.element = h('div', { class: 'start', hidden: true });
  }

  configure() {
    const { kit } = this;
    const { greeting, prompts } = kit.options.startScreen;
    const rows = prompts.map((prompt) => h('li', {}, this.#row(prompt)));
    fill(this.element,
      h('h2', { class: 'greeting', dir: 'auto' }, greeting ?? kit.t('start.greeting')),
      rows.length > 0 && h('ul', { class: 'prompts', role: 'list', 'aria-label': kit.t('start.prompts') }, ...rows));
  }

  #row({ label, prompt, icon }) {
    const { kit } = this;
    const content = typeof prompt === 'string' ? [{ type: 'input_text', text: prompt }] : prompt;
    const send = () => {
      const { model, tool } = kit.composer.message();
      kit.composer.focus();
      kit.chat.send({ content, model, tool }).catch((error) => error.name !== 'ChatKitError' && kit.report(error)); // else it is told
    };
    return h('button', { type: 'button', class: 'prompt', on: { click: send } }, icon && kit.icon(icon), h('span', { class: 'prompt-label', dir: 'auto' }, label));
  }
}

/**
 * <openai-chatkit>: the public face, as the type definitions of @openai/chatkit have it. Nothing of the chat is known here:
 * options go in, calls are passed on, events come out.
 */

import { Kit } from './kit.js';
import { normalised } from './options.js';

/** Where the chat server is: this file is `<server>/static/chat_app/chatkit/element.js`, or wherever its page says. */
const place = { backend: new URL('/', import.meta.url).href };

export class OpenAIChatKit extends HTMLElement {
  #kit = null;
  #options = null;
  #opened; // the thread that was open when the element left the page
  #waiting = []; // calls that came before the first options

  connectedCallback() {
    this.#start();
  }

  disconnectedCallback() {
    // An element that is only moved is back by then.
    queueMicrotask(() => {
      if (this.isConnected || !this.#kit) return;
      if (this.#kit.isUp) this.#opened = this.#kit.store.state.threadId;
      this.#kit.destroy();
      this.#kit = null;
    });
  }

  /** Applies options, whole: they are not merged with earlier ones. @throws TypeError for options that cannot be used */
  setOptions(options) {
    this.#options = normalised(options);
    if (this.#kit) this.#told(this.#kit.configure(this.#options));
    else this.#start();
  }

  #start() {
    if (!this.isConnected || !this.#options) return;
    if (!this.#kit) {
      const root = this.shadowRoot ?? this.attachShadow({ mode: 'open', delegatesFocus: true });
      this.#kit = new Kit(this, root, this.#options, { backend: place.backend, threadId: this.#opened });
      for (const go of this.#waiting.splice(0)) go(this.#kit);
    }
    this.#told(this.#kit.connect());
  }

  /** What goes wrong where nobody waits is told to the page. */
  #told(doing) {
    const kit = this.#kit;
    doing.catch((error) => kit.report(error));
  }

  /** The kit once it can be spoken to: its frame is there and it knows its backend. */
  async #ready() {
    for (;;) {
      const kit = this.#kit ?? (await new Promise((resolve) => this.#waiting.push(resolve)));
      await Promise.race([kit.started, kit.ended]);
      if (kit === this.#kit) return kit;
    }
  }

  async focusComposer() {
    (await this.#ready()).composer.focus();
  }

  async setThreadId(threadId) {
    await (await this.#ready()).threads.open(threadId ?? null);
  }

  async sendCustomAction(action, itemId) {
    await (await this.#ready()).chat.customAction(action, itemId);
  }

  async sendUserMessage(params) {
    await (await this.#ready()).say(params ?? {});
  }

  async setComposerValue(params) {
    await (await this.#ready()).composer.setValue(params ?? {});
  }

  async showHistory() {
    (await this.#ready()).history.show();
  }

  async hideHistory() {
    (await this.#ready()).history.hide();
  }

  async fetchUpdates() {
    await (await this.#ready()).threads.refresh();
  }
}

/**
 * Define the element, unless it is defined already.
 * @param {object} [how]
 * @param {string} [how.backend] the address of the chat server, where it is not the one that served this file
 * @param {string} [how.tag] another name for the element, on a page where `openai-chatkit` is taken
 */
export function define({ backend, tag = 'openai-chatkit' } = {}) {
  if (backend) place.backend = new URL(backend, document.baseURI).href.replace(/\/?$/, '/');
  if (!customElements.get(tag)) customElements.define(tag, class extends OpenAIChatKit {});
}

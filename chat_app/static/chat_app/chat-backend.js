/**
 * Defines <chat-backend>, the whole chat as one element.
 *
 * Attributes: `base` (where the API is; this origin by default), `login` and `admin` (addresses), `person` (a name),
 * `heading`, `prompts` (JSON: [{title, text}]), `routing="hash"` (keeps the open thread in the address).
 * Events: `chat-ready`, `chat-title` {title}, `chat-theme` {theme}.
 */

import { App } from './app.js';
import { h } from './view/dom.js';

const STYLES = ['tokens', 'layout', 'controls', 'overlay', 'message', 'prose', 'code'];

export class ChatBackend extends HTMLElement {
  #app;

  connectedCallback() {
    if (!this.#app) {
      const root = this.shadowRoot ?? this.attachShadow({ mode: 'open', delegatesFocus: true });
      this.hidden = true;
      const dressed = this.#dress(root).then(() => {
        this.hidden = false;
        this.dispatchEvent(new CustomEvent('chat-ready', { bubbles: true, composed: true }));
      });
      this.#app = new App(this, root, { ...this.#options(), dressed });
    }
    this.#app.connect();
  }

  disconnectedCallback() {
    this.#app?.disconnect();
  }

  /** Link the style sheets; resolves when all have come, or could not. */
  #dress(root) {
    const links = STYLES.map((name) => {
      const href = new URL(`./styles/${name}.css`, import.meta.url).href;
      return h('link', { rel: 'stylesheet', href });
    });
    root.append(...links);
    return Promise.all(links.map((link) => new Promise((done) => {
      link.addEventListener('load', done);
      link.addEventListener('error', done);
    })));
  }

  #options() {
    const read = (name) => this.getAttribute(name) ?? undefined;
    let prompts;
    try {
      prompts = JSON.parse(read('prompts') ?? 'null') ?? undefined;
    } catch {
      console.warn('chat-backend: the attribute "prompts" is not JSON; using the built-in ones.');
    }
    return {
      base: read('base'),
      login: read('login'),
      admin: read('admin'),
      person: read('person'),
      heading: read('heading'),
      hash: read('routing') === 'hash',
      prompts,
    };
  }
}

if (!customElements.get('chat-backend')) customElements.define('chat-backend', ChatBackend);

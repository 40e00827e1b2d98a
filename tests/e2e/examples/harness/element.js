// A stand-in for <openai-chatkit>: asks the page for a client secret, as OpenAI's element does, and chats with it.
// It knows the public contract of the backend and no more; where the backend is, the page's <meta name="chat-backend"> says.

/** Splits a text/event-stream into {event, data} as the SSE standard has it. */
async function* readEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const frames = (rest + value).split('\n\n');
    rest = frames.pop();
    for (const frame of frames) {
      const found = { event: 'message', data: [] };
      for (const line of frame.split('\n')) {
        if (line.startsWith('event: ')) found.event = line.slice(7);
        if (line.startsWith('data:')) found.data.push(line.slice(5).replace(/^ /, ''));
      }
      if (found.data.length) yield { event: found.event, data: found.data.join('\n') };
    }
  }
}

class StandIn extends HTMLElement {
  secret = null;
  #options = null;
  #list = document.createElement('ol');

  connectedCallback() {
    if (this.childElementCount) return;
    const form = document.createElement('form');
    form.innerHTML =
      '<input name="text" aria-label="Message" autocomplete="off"><button>Send</button>' +
      '<button type="button" name="fresh">New chat</button>';
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const text = form.elements.text.value;
      form.elements.text.value = '';
      void this.sendUserMessage({ text });
    });
    form.elements.fresh.addEventListener('click', () => void this.#ask());
    this.append(this.#list, form);
  }

  setOptions(options) {
    const first = this.#options === null;
    this.#options = options;
    if (first) void this.#ask();
  }

  /** A message of the user: shown, answered over the stream, and then told to the page as sent. */
  async sendUserMessage({ text }) {
    this.#show('user', text);
    const shown = this.#show('assistant', '');
    try {
      await this.#chat(text, shown);
    } catch (error) {
      shown.dataset.failed = error.message;
      return this.#fail(error);
    }
    this.#tell('chatkit.message.sent', { message: { text } });
  }

  async #ask() {
    const current = this.secret;
    this.dataset.state = 'asking';
    this.#list.replaceChildren();
    try {
      const secret = await this.#options.api.getClientSecret(current);
      if (typeof secret !== 'string' || !secret) throw new Error('getClientSecret gave no secret');
      this.secret = secret;
      this.dataset.state = 'ready';
    } catch (error) {
      this.dataset.state = 'failed';
      this.#fail(error);
    }
  }

  async #chat(text, shown) {
    const backend = document.querySelector('meta[name=chat-backend]').content;
    const response = await fetch(`${backend}/api/chat/stream`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ message: text, session_id: this.secret }),
    });
    if (!response.ok) throw new Error(`${response.status} ${(await response.json()).detail}`);
    for await (const { event, data } of readEvents(response.body)) {
      if (event === 'done') {
        shown.dataset.turn = response.headers.get('X-Turn-Id');
        return;
      }
      if (event === 'error') throw new Error(data);
      if (event === 'message') shown.textContent += data;
    }
    throw new Error('the stream ended without its last event');
  }

  #show(role, text) {
    const line = document.createElement('li');
    line.dataset.role = role;
    line.textContent = text;
    this.#list.append(line);
    return line;
  }

  #fail(error) {
    this.#tell('chatkit.error', { error });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

export function defineStandIn() {
  customElements.define('openai-chatkit', StandIn);
}

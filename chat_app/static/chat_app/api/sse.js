/** Reading server-sent events from a fetch body, as the HTML standard frames them. No meaning is given to them here. */

/**
 * The events of a stream, in order.
 * @param {ReadableStream<Uint8Array>} body
 * @param {() => void} onBytes called for whatever arrives, comments included
 * @returns {AsyncGenerator<{id: string, event: string, data: string}>}
 */
export async function* readEvents(body, onBytes = () => {}) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  const frame = new Frame();
  let rest = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return; // a frame without its blank line is dropped, as the standard has it
      onBytes();
      const text = rest + value;
      // A trailing CR may be the first half of a CRLF.
      const end = text.endsWith('\r') ? text.length - 1 : text.length;
      const lines = text.slice(0, end).split(/\r\n|\n|\r/);
      rest = lines.pop() + text.slice(end);
      for (const line of lines) {
        const event = frame.take(line);
        if (event) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => {}); // already broken: there is nothing left to close
  }
}

/** Lines in, an event out at each blank line that ends one. */
class Frame {
  #id = '';
  #event = '';
  #data = [];

  take(line) {
    if (line === '') return this.#flush();
    const colon = line.indexOf(':');
    if (colon === 0) return undefined;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#event = value;
    else if (field === 'id') this.#id = value;
    return undefined;
  }

  #flush() {
    const event = { id: this.#id, event: this.#event || 'message', data: this.#data.join('\n') };
    const empty = this.#data.length === 0;
    this.#event = '';
    this.#data = [];
    return empty ? undefined : event;
  }
}

/** Server-sent events as whole frames of bytes, and what of them has been passed on already. No JSON is read here. */

const LF = 10;
const CR = 13;

/** Cuts bytes into frames, each with the blank line that ends it. */
export class Splitter {
  #rest = new Uint8Array(0);

  /** Whether a frame has begun and not ended. */
  get open() {
    return this.#rest.length > 0;
  }

  /** @param {Uint8Array} bytes @returns {Uint8Array[]} */
  push(bytes) {
    const data = join([this.#rest, bytes]);
    const frames = [];
    let start = 0;
    let line = 0; // where the line began that is being read
    for (let at = 0; at < data.length; at += 1) {
      if (data[at] !== LF && data[at] !== CR) continue;
      if (data[at] === CR && at + 1 === data.length) break; // perhaps the first half of a CRLF
      const crlf = data[at] === CR && data[at + 1] === LF;
      const end = at + (crlf ? 2 : 1);
      if (at === line) {
        frames.push(data.subarray(start, end));
        start = end;
      }
      line = end;
      at = end - 1;
    }
    this.#rest = data.slice(start);
    return frames;
  }
}

/** `{id, data}` of a frame: the text after `id:`, and whether there is any data. */
export function read(frame) {
  let id = '';
  let data = false;
  for (const line of new TextDecoder().decode(frame).split(/\r\n|\r|\n/)) {
    if (line.startsWith('id:')) id = line.slice(3).trim();
    else if (line.startsWith('data:')) data = true;
  }
  return { id, data };
}

/**
 * Which frames of one answer are new, over any number of connections. An id is `<turn>:<number>`. Frames without one belong to
 * the next that has one: who goes on behind an id gets those that came after it once more, in the same order.
 */
export class Seen {
  #plain = 0; // frames without an id that have been passed on since the last id
  #skip = 0; // how many of them this connection says once more

  /** @param {string} last the id behind which the first connection began */
  constructor(last = '') {
    this.last = last;
  }

  /** A further connection begins, behind `last`. */
  again() {
    this.#skip = this.#plain;
  }

  /** @param {Uint8Array} frame */
  isNew(frame) {
    const { id, data } = read(frame);
    if (!data) return true;
    if (id) {
      this.#skip = 0;
      if (this.last && turnOf(id) === turnOf(this.last) && numberOf(id) <= numberOf(this.last)) return false;
      this.last = id;
      this.#plain = 0;
      return true;
    }
    if (this.#skip > 0) {
      this.#skip -= 1;
      return false;
    }
    this.#plain += 1;
    return true;
  }
}

const turnOf = (id) => id.slice(0, id.lastIndexOf(':'));
const numberOf = (id) => Number(id.slice(id.lastIndexOf(':') + 1));

/** @param {Uint8Array[]} parts */
export function join(parts) {
  if (parts.length === 1) return parts[0];
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** One event as ChatKit's client reads it. */
export function frameOf(event) {
  return new TextEncoder().encode(`data: ${JSON.stringify(event)}\n\n`);
}

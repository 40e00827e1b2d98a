// The requests of the stand-in, as OpenAI's client makes them: headers, repetition, reading of streams. What an event means
// is conversation.js's business.

const TRIES = 6; // one, and up to five repetitions
const FIRST = 1_000;
const LONGEST = 10_000;

/** A refusal, with the sentence that the client shows. */
export class HttpError extends Error {
  constructor(status, message) {
    super(message);
    this.name = 'HttpError';
    this.status = status;
  }
}

/** The stream broke off, or never came. */
export class StreamError extends Error {
  name = 'StreamError';
}

export class Frame {
  id = crypto.randomUUID();

  /** @param {() => object} options the element's options as they are now */
  constructor(options) {
    this.options = options;
  }

  /** An operation that is answered with JSON. @throws {HttpError} */
  async json(type, params) {
    const response = await this.#post(type, params, {});
    if (!response.ok) throw await refusal(response);
    return response.json();
  }

  /**
   * An operation that is answered with a stream. Resolves at its clean end, whatever was said.
   * @throws {HttpError} 4xx; {StreamError} when it breaks or does not come; AbortError on Stop
   */
  async stream(type, params, onEvent, signal) {
    const place = { id: '' };
    for (let attempt = 1; ; attempt += 1) {
      const headers = { accept: 'text/event-stream', ...(place.id ? { 'last-event-id': place.id } : {}) };
      const response = await this.#post(type, params, headers, signal);
      if (response.status >= 400 && response.status < 500) throw await refusal(response);
      const good = response.ok && (response.headers.get('content-type') ?? '').startsWith('text/event-stream');
      if (good) return read(response.body, place, onEvent, signal);
      await response.body?.cancel();
      if (attempt === TRIES) throw new StreamError(`No stream: ${response.status}`);
      const pause = Math.min(LONGEST, FIRST * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
      await new Promise((resolve) => setTimeout(resolve, pause));
      signal?.throwIfAborted();
    }
  }

  /** The direct or the two-phase upload of one file. -> its Attachment */
  async upload(file) {
    const { uploadStrategy } = this.options().api;
    if (uploadStrategy.type === 'direct') return this.#direct(file, uploadStrategy.uploadUrl);
    const { name, size, type } = file;
    const { upload_descriptor: upload, ...attachment } = await this.json('attachments.create', {
      name, size, mime_type: type,
    });
    const put = upload.method === 'PUT';
    const body = put ? file : form(file);
    const response = await this.#fetch(upload.url, { method: upload.method, headers: upload.headers, body });
    if (!response.ok) throw await refusal(response);
    return attachment;
  }

  async #direct(file, url) {
    const response = await this.#fetch(url, { method: 'POST', body: form(file) });
    if (!response.ok) throw await refusal(response);
    return response.json();
  }

  #post(type, params, headers, signal) {
    return this.#fetch(this.options().api.url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'Accept-Language': this.options().locale ?? navigator.language,
        'chatkit-frame-instance-id': this.id,
        ...headers,
      },
      body: JSON.stringify({ type, params }),
      signal,
    });
  }

  #fetch(url, init) {
    return (this.options().api.fetch ?? window.fetch.bind(window))(url, init);
  }
}

function form(file) {
  const body = new FormData();
  body.append('file', file);
  return body;
}

async function refusal(response) {
  const body = await response.json().catch(() => ({}));
  return new HttpError(response.status, body.message ?? response.statusText);
}

/** Events of a body, one after the other. `place.id` is the last id that was sent. */
async function read(body, place, onEvent, signal) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    let piece;
    try {
      piece = await reader.read();
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new StreamError('The stream broke off.');
    }
    if (piece.done) return;
    const frames = (rest + piece.value).replaceAll('\r\n', '\n').split('\n\n');
    rest = frames.pop();
    for (const frame of frames) {
      const data = [];
      for (const line of frame.split('\n')) {
        if (line.startsWith('data:')) data.push(line.slice(5).trimStart());
        if (line.startsWith('id:')) place.id = line.slice(3).trim();
      }
      if (data.join('')) onEvent(JSON.parse(data.join('\n')));
    }
  }
}

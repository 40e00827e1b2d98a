/** Files on their way to the server, by the strategy that the page has named, and speech on its way to words. */

import { ChatKitError } from '../protocol/client.js';
import { mayListen, sendBody } from './upload.js';

const CHUNK = 0x8000;

export class Files {
  constructor(kit) {
    this.kit = kit;
  }

  /**
   * Upload a file. -> Attachment
   * @param {{onProgress?: (fraction: number) => void, signal?: AbortSignal}} [how] `onProgress` hears from 0 to 1, or nothing
   *   where nobody can tell, as with the page's own `fetch`
   * @throws ChatKitError, AbortError
   */
  async upload(file, { onProgress = () => {}, signal } = {}) {
    const { uploads } = this.kit.transport;
    if (!uploads) throw new ChatKitError('`api.uploadStrategy` is needed for attachments.');
    return uploads.type === 'direct' ? this.#direct(uploads.uploadUrl, file, { onProgress, signal }) : this.#twoPhase(file, { onProgress, signal });
  }

  async #direct(uploadUrl, file, { onProgress, signal }) {
    const init = { method: 'POST', headers: {}, body: formOf(file), signal };
    const response = await this.#send(new URL(uploadUrl, document.baseURI).href, init, onProgress);
    const attachment = await response.json().catch(() => null);
    if (typeof attachment?.id !== 'string') throw new ChatKitError(this.kit.t('frame.sorry'), { status: response.status });
    return attachment;
  }

  async #twoPhase(file, { onProgress, signal }) {
    const { kit } = this;
    const params = { name: file.name, size: file.size, mime_type: file.type || 'application/octet-stream' };
    const { data } = await kit.client.call('attachments.create', params, { signal });
    const { upload_descriptor: descriptor, upload_url: older, ...attachment } = data;
    const url = descriptor?.url ?? older;
    if (!url) return attachment; // the server needs no more than its name
    const method = descriptor?.method ?? 'POST';
    const init = method === 'PUT' ? { body: file, headers: { ...descriptor.headers } } : { body: formOf(file), headers: { ...descriptor?.headers } };
    try {
      await this.#send(new URL(url, kit.transport.url).href, { method, ...init, signal }, onProgress);
    } catch (error) {
      // What will never be whole needs no place on the server.
      void this.remove(attachment.id);
      throw error;
    }
    return attachment;
  }

  async #send(url, init, onProgress) {
    let response;
    try {
      response = await this.#sent(url, init, onProgress);
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new ChatKitError(this.kit.t('frame.sorry'), { retryable: true, cause: error });
    }
    if (!response.ok) throw await this.kit.client.refusal(response);
    return response;
  }

  /** The secret goes to its own server only. Where a `fetch` of the page's says how, or progress would cost a question, it is fetched. */
  async #sent(url, init, onProgress) {
    const { connection, url: server, fetch } = this.kit.transport;
    const ours = connection && new URL(url).origin === new URL(server).origin;
    const secret = ours ? await connection.token() : null;
    if (secret !== null) {
      const response = await sendBody(url, named(init, secret), onProgress);
      if (response.status !== 401) return response;
      return sendBody(url, named(init, await connection.renew()), onProgress);
    }
    const own = !connection && this.kit.options.api.fetch;
    return own || !mayListen(url, init) ? fetch(url, init) : sendBody(url, init, onProgress);
  }

  /** Give an attachment up that was not sent. Its server may forget it by itself: no one is told where that fails. */
  async remove(attachmentId) {
    try {
      await this.kit.client.call('attachments.delete', { attachment_id: attachmentId });
    } catch (error) {
      this.kit.report(error, { quiet: true });
    }
  }

  /** Speech to words. -> string @throws ChatKitError */
  async transcribe(blob) {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    let binary = '';
    for (let at = 0; at < bytes.length; at += CHUNK) binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
    const { data } = await this.kit.client.call('input.transcribe', { audio_base64: btoa(binary), mime_type: blob.type });
    return String(data?.text ?? '');
  }
}

function formOf(file) {
  const form = new FormData();
  form.append('file', file, file.name);
  return form;
}

function named(init, secret) {
  const headers = new Headers(init.headers);
  if (!headers.has('Authorization')) headers.set('Authorization', `Bearer ${secret}`);
  return { ...init, headers: Object.fromEntries(headers) };
}

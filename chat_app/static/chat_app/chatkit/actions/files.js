/** Files on their way to the server, by the strategy that the page has named, and speech on its way to words. */

import { ChatKitError } from '../protocol/client.js';

const CHUNK = 0x8000;

export class Files {
  constructor(kit) {
    this.kit = kit;
  }

  /** Upload a file. -> Attachment @throws ChatKitError, AbortError */
  async upload(file, { onProgress = () => {}, signal } = {}) {
    const { uploads } = this.kit.transport;
    if (!uploads) throw new ChatKitError('`api.uploadStrategy` is needed for attachments.');
    onProgress(0);
    const attachment = uploads.type === 'direct' ? await this.#direct(uploads.uploadUrl, file, signal) : await this.#twoPhase(file, signal);
    onProgress(1);
    return attachment;
  }

  async #direct(uploadUrl, file, signal) {
    const response = await this.#send(new URL(uploadUrl, document.baseURI).href, { method: 'POST', body: formOf(file), signal });
    const attachment = await response.json().catch(() => null);
    if (typeof attachment?.id !== 'string') throw new ChatKitError(this.kit.t('frame.sorry'), { status: response.status });
    return attachment;
  }

  async #twoPhase(file, signal) {
    const { kit } = this;
    const params = { name: file.name, size: file.size, mime_type: file.type || 'application/octet-stream' };
    const { data } = await kit.client.call('attachments.create', params, { signal });
    const { upload_descriptor: descriptor, upload_url: older, ...attachment } = data;
    const url = descriptor?.url ?? older;
    if (!url) return attachment; // the server needs no more than its name
    const method = descriptor?.method ?? 'POST';
    const init = method === 'PUT' ? { body: file, headers: { ...descriptor.headers } } : { body: formOf(file), headers: { ...descriptor?.headers } };
    try {
      await this.#send(new URL(url, kit.transport.url).href, { method, ...init, signal });
    } catch (error) {
      // What will never be whole needs no place on the server.
      void this.remove(attachment.id);
      throw error;
    }
    return attachment;
  }

  async #send(url, init) {
    let response;
    try {
      response = await this.kit.transport.fetch(url, init);
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new ChatKitError(this.kit.t('frame.sorry'), { retryable: true, cause: error });
    }
    if (!response.ok) throw await this.kit.client.refusal(response);
    return response;
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

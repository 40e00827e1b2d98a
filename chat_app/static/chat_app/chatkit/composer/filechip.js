/** One file of an unsent message: its picture, name and size, how far its upload is; trying it again, doing without it. */

import { fill, h, iconButton, setAttr, setText } from '../../view/dom.js';
import { safeImage } from '../urls.js';
import { sizeWords } from './filerules.js';
import { nameButton } from './named.js';

const SHOWN = /^image\/(?:png|jpeg|gif|webp|avif|bmp)$/; // an SVG would be a document

export class FileChip {
  #kit;
  #told;
  #file;
  #aborter;
  #address;
  #dropped = false;

  state = 'ready';

  /** @param {{file?: File, attachment?: object}} source @param told {changed(), removed()} */
  constructor(kit, { file, attachment }, told) {
    this.#kit = kit;
    this.#told = told;
    this.#file = file;
    this.attachment = attachment;
    this.name = file?.name ?? attachment?.name ?? '';
    this.face = h('span', { class: 'file-face' });
    this.detail = h('span', { class: 'file-detail' });
    this.bar = h('progress', { class: 'file-bar', max: '1' });
    this.again = iconButton('', kit.icon('retry'), () => this.upload(), { class: 'file-act' });
    this.away = iconButton('', kit.icon('close'), () => told.removed(), { class: 'file-act' });
    this.element = h('li', { class: 'file' },
      this.face,
      h('span', { class: 'file-words' },
        h('span', { class: 'file-name', dir: 'auto', title: this.name }, this.name),
        this.detail),
      this.again, this.away, this.bar);
    this.#show();
    this.speak();
  }

  /** In the language that is spoken now. */
  speak() {
    const { t } = this.#kit;
    const { name } = this;
    setAttr(this.bar, 'aria-label', t('attachments.progress', { name }));
    nameButton(this.again, t('attachments.retry', { name }));
    nameButton(this.away, t('attachments.remove', { name }));
    this.#draw();
  }

  focus() {
    this.away.focus();
  }

  async upload() {
    this.#aborter = new AbortController();
    const { signal } = this.#aborter;
    this.state = 'uploading';
    this.trouble = '';
    this.bar.removeAttribute('value');
    this.#draw();
    this.#told.changed();
    try {
      const onProgress = (fraction) => {
        if (Number.isFinite(fraction)) this.bar.value = Math.max(0, Math.min(1, fraction));
      };
      const attachment = await this.#kit.files.upload(this.#file, { onProgress, signal });
      if (this.#dropped) await this.#kit.files.remove(attachment.id); // it was taken away in the very last moment
      else this.#arrived(attachment);
    } catch (error) {
      if (this.#dropped || signal.aborted) return; // taken away: nobody waits for it any more
      this.state = 'failed';
      this.trouble = error?.message ?? '';
      this.#kit.report(error);
      this.#kit.announce(this.#kit.t('attachments.failed', { name: this.name }));
      this.#draw();
      this.#told.changed();
    }
  }

  #arrived(attachment) {
    this.state = 'ready';
    this.attachment = attachment;
    this.#draw();
    this.#told.changed();
  }

  /** Done with it. What was uploaded is deleted unless it is to be kept, and what is being uploaded is stopped. */
  drop({ keep }) {
    this.#dropped = true;
    if (this.#address) URL.revokeObjectURL(this.#address);
    this.#address = undefined;
    if (this.state === 'uploading') this.#aborter.abort();
    else if (!keep && this.attachment) this.#kit.files.remove(this.attachment.id).catch((error) => this.#kit.report(error));
  }

  #show() {
    let src = null;
    if (this.#file && SHOWN.test(this.#file.type)) src = this.#address = URL.createObjectURL(this.#file);
    else if (this.attachment?.type === 'image') src = safeImage(this.attachment.preview_url);
    const blank = () => fill(this.face, this.#kit.icon(this.attachment?.type === 'image' ? 'image' : 'file'));
    if (src) fill(this.face, h('img', { src, alt: '', on: { error: blank } }));
    else blank();
  }

  #draw() {
    const { t, locale } = this.#kit;
    this.element.dataset.state = this.state;
    const size = this.#file ? sizeWords(this.#file.size, locale) : (this.attachment?.mime_type ?? '');
    setText(this.detail, this.state === 'failed' ? this.trouble || t('attachments.notUploaded') : size);
    setAttr(this.element, 'aria-busy', this.state === 'uploading' ? 'true' : undefined);
    this.bar.hidden = this.state !== 'uploading';
    this.again.hidden = this.state !== 'failed';
  }
}

/** What a person said: the quote that it answers, files, text with tags. Never read as Markdown. */

import { fill, h, setAttr } from '../../view/dom.js';
import { tagChip } from '../composer/tags.js';
import { safeImage } from '../urls.js';

export class UserView {
  constructor(kit) {
    this.kit = kit;
    this.quote = h('blockquote', { class: 'quote', hidden: true });
    this.files = h('ul', { class: 'attachments', role: 'list', hidden: true });
    this.bubble = h('div', { class: 'bubble', dir: 'auto' });
    this.element = h('article', { class: 'message from-user', 'aria-label': kit.t('thread.you') }, this.quote, this.files, this.bubble);
    void kit.style('tags');
  }

  update(item) {
    setAttr(this.element, 'aria-busy', item.pending ? 'true' : undefined);
    const content = Array.isArray(item.content) ? item.content : [];
    const face = JSON.stringify([item.quoted_text, item.attachments, content]);
    if (face === this.face) return;
    this.face = face;
    this.#quoted(item.quoted_text);
    this.#attached(Array.isArray(item.attachments) ? item.attachments.filter((one) => one && typeof one === 'object') : []);
    this.bubble.hidden = content.length === 0;
    fill(this.bubble, ...content.map((part) => this.#part(part)));
  }

  #part(part) {
    if (part?.type === 'input_tag') return tagChip(this.kit, part);
    return document.createTextNode(String(part?.text ?? ''));
  }

  #quoted(text) {
    this.quote.hidden = !text;
    if (!text) return;
    fill(this.quote, this.kit.icon('reply'), h('span', { class: 'hidden' }, `${this.kit.t('thread.quoted')}: `), h('span', { class: 'quote-text', dir: 'auto' }, String(text)));
  }

  #attached(attachments) {
    this.files.hidden = attachments.length === 0;
    this.files.replaceChildren(...attachments.map((attachment) => this.#file(attachment)));
  }

  #file({ type, name = '', mime_type: kind = '', preview_url: preview }) {
    const source = type === 'image' ? safeImage(preview, { origin: this.kit.transport?.url }) : null;
    if (source) {
      const picture = h('img', { src: source, alt: this.kit.t('thread.attachment', { name }), loading: 'lazy' });
      const entry = h('li', { class: 'attachment picture', title: name }, picture);
      picture.addEventListener('error', () => entry.replaceWith(this.#file({ type: 'file', name, mime_type: kind })));
      return entry;
    }
    return h('li', { class: 'attachment' },
      h('span', { class: 'attachment-icon' }, this.kit.icon(type === 'image' ? 'image' : 'file')),
      h('span', { class: 'attachment-words' },
        h('span', { class: 'attachment-name', dir: 'auto' }, name),
        h('span', { class: 'attachment-detail' }, kind)));
  }
}

/** Markdown in the chat: streamed, sanitised, with ChatKit's deep links. */

import { StreamedMarkdown } from '../../render/stream.js';

const DEEP = 'chatkit-link:';

export class Prose {
  constructor(kit, host) {
    this.kit = kit;
    this.host = host;
    this.markdown = new StreamedMarkdown(host, { words: wordsOf(kit) });
    host.addEventListener('click', (event) => this.#follow(event));
  }

  /** @returns {string[]} what is whole now, for reading out */
  update(text, finished) {
    return this.markdown.update(text, finished);
  }

  /** `chatkit-link://name?a=b`: the page's business, not the browser's. */
  #follow(event) {
    const link = event.target.closest?.('a[href]');
    const href = link?.getAttribute('href') ?? '';
    if (!href.toLowerCase().startsWith(DEEP)) return;
    event.preventDefault();
    const [name, query = ''] = href.slice(DEEP.length).replace(/^\/\//, '').split('?');
    const data = Object.fromEntries(new URLSearchParams(query));
    this.kit.emit('deeplink', { name: decodeURIComponent(name.replace(/\/$/, '')), data });
  }
}

function wordsOf({ t }) {
  return { table: t('widgets.table'), copy: t('thread.copyCode'), copied: t('thread.copied'), failed: t('thread.copyFailed') };
}

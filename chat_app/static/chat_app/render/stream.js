/**
 * An answer that grows: finished blocks are rendered once and left alone, only the open one is rendered again.
 * So the cost of a token does not grow with the length of the answer.
 */

import { decorate } from './decorate.js';
import { blocks, htmlOf } from './parser.js';
import { cleanMarkdown } from './sanitise.js';

const FENCE = /^ {0,3}(`{3,}|~{3,})/;

export class StreamedMarkdown {
  /** @param {HTMLElement} host holds the rendered nodes and nothing else */
  constructor(host) {
    this.host = host;
    this.reset();
  }

  reset() {
    this.text = '';
    this.frozen = 0; // characters that are rendered for good
    this.links = {};
    this.open = []; // nodes of the block that may still change
    this.code = undefined; // the open block's code element, where it is one
    this.finished = false;
    this.host.replaceChildren();
  }

  /**
   * Show the whole answer so far.
   * @param {string} given
   * @param {boolean} finished nothing more will come
   * @returns {string[]} plain text of the blocks that were finished by this call, for reading out
   */
  update(given, finished = false) {
    const text = given.includes('\r') ? given.replace(/\r\n?/g, '\n') : given; // as the lexer counts
    if (text === this.text && finished === this.finished) return [];
    if (!text.startsWith(this.text) || (this.finished && text !== this.text)) this.reset();
    this.text = text;
    this.finished = finished;
    if (finished && this.frozen && /^ {0,3}\[[^\]]+\]:/m.test(text)) this.#again(text);
    return this.#render(finished);
  }

  /** Link definitions may come after the text that uses them: once all is there, render it all. */
  #again(text) {
    this.reset();
    this.text = text;
    this.finished = true;
    blocks(text, this.links);
  }

  #render(finished) {
    const tokens = blocks(this.text.slice(this.frozen), this.links);
    const lastSolid = tokens.findLastIndex((token) => token.type !== 'space' && token.type !== 'def');
    const spoken = [];
    for (const [index, token] of tokens.entries()) {
      if (index < lastSolid || finished || (index === lastSolid && this.#closed(token))) {
        const nodes = this.#show(token, true);
        this.frozen += token.raw.length;
        if (nodes.length) spoken.push(nodes.map((node) => node.textContent).join(' ').trim());
      } else if (index === lastSolid) {
        this.#show(token, false);
        break;
      } else break;
    }
    return spoken.filter(Boolean);
  }

  /** Whether a code block has its closing fence and the end of that line. */
  #closed(token) {
    if (token.type !== 'code') return false;
    const opening = FENCE.exec(token.raw);
    const after = this.text[this.text.indexOf(token.raw, this.frozen) + token.raw.length];
    if (!opening || !(token.raw.endsWith('\n') || after === '\n')) return false;
    const lines = token.raw.trimEnd().split('\n');
    const closing = lines.length > 1 && FENCE.exec(lines.at(-1));
    return Boolean(closing) && closing[1][0] === opening[1][0] && closing[1].length >= opening[1].length;
  }

  /** Put a block in the place of the open one. */
  #show(token, solid) {
    if (token.type === 'code' && this.code && !solid) {
      grow(this.code, `${token.text}\n`);
      return this.open;
    }
    const fragment = cleanMarkdown(htmlOf(token));
    decorate(fragment, { solid });
    const nodes = [...fragment.childNodes];
    for (const node of this.open) node.remove();
    this.host.append(fragment);
    this.open = solid ? [] : nodes;
    this.code = !solid && token.type === 'code' ? nodes[0]?.querySelector?.('code') : undefined;
    return nodes;
  }
}

/** Make the text of `code` be `text`, adding to what is there where that is its beginning. */
function grow(code, text) {
  const node = code.firstChild;
  const had = node?.data.replace(/\n$/, '') ?? '';
  if (node?.nodeType === Node.TEXT_NODE && code.childNodes.length === 1 && text.startsWith(had)) {
    node.replaceData(had.length, node.length - had.length, text.slice(had.length));
  } else code.textContent = text;
}

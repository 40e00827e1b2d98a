/**
 * An answer that grows: finished blocks are rendered once and left alone, only the open one is rendered again.
 * So the cost of a token does not grow with the length of the answer.
 */

import { decorate } from './decorate.js';
import { blocks, htmlOf } from './parser.js';
import { cleanMarkdown } from './sanitise.js';

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const MARKER = /^\s*(?:\d{1,9}[.)]?|[-+*]{1,2})?\s*$/; // may become the next entry of the list before it

export class StreamedMarkdown {
  /**
   * @param {HTMLElement} host holds the rendered nodes and nothing else
   * @param {object} [how]
   * @param {object} [how.words] those of decorate.js in another language
   */
  constructor(host, { words } = {}) {
    this.host = host;
    this.words = words;
    this.reset();
  }

  reset() {
    this.text = '';
    this.frozen = 0; // characters that are rendered for good
    this.links = Object.create(null); // a link may be called `constructor`
    this.plain = false; // nested too deep to be parsed: shown as it was written
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
    if (this.finished || !goesOn(this.text, text, finished)) this.reset();
    this.text = text;
    this.finished = finished;
    const late = finished && this.frozen && /^ {0,3}\[[^\]]+\]:/m.test(text);
    try {
      if (late) this.#again(text);
      const spoken = this.plain ? this.#asWritten() : this.#render(finished);
      return late ? [] : spoken;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return this.#asWritten();
    }
  }

  /** The parser calls itself for what is nested, and there is an end to that. */
  #asWritten() {
    this.plain = true;
    this.open = [];
    this.host.textContent = this.text;
    return [];
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
    const spoken = [];
    const done = finished ? tokens.length : this.#settled(tokens);
    for (const run of runs(tokens.slice(0, done))) {
      const nodes = this.#show(run, true);
      for (const token of run) this.frozen += token.raw.length;
      if (nodes.length) spoken.push(nodes.map((node) => node.textContent).join(' ').trim());
    }
    const open = tokens.slice(done).filter(isSolid);
    if (open.length) this.#show(open, false);
    return spoken.filter(Boolean);
  }

  /** How many of the first tokens cannot change any more, whatever comes. */
  #settled(tokens) {
    const last = tokens.findLastIndex(isSolid);
    if (last >= 0 && this.#closed(tokens[last])) return last + 1;
    const before = tokens.slice(0, Math.max(0, last)).findLastIndex(isSolid);
    const list = before >= 0 && tokens[before].type === 'list';
    return list && MARKER.test(tokens[last].raw) ? before : Math.max(0, last);
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

  /** Put these blocks in the place of the open ones. */
  #show(tokens, solid) {
    const [{ type, text }] = tokens;
    const code = !solid && tokens.length === 1 && type === 'code';
    if (code && this.code) {
      grow(this.code, `${text}\n`);
      return this.open;
    }
    const fragment = cleanMarkdown(tokens.map(htmlOf).join(''));
    decorate(fragment, { solid, words: this.words });
    const nodes = [...fragment.childNodes];
    for (const node of this.open) node.remove();
    this.host.append(fragment);
    this.open = solid ? [] : nodes;
    this.code = code ? nodes[0]?.querySelector?.('code') : undefined;
    return nodes;
  }
}

/** Whether `text` is `before` and more. While it streams the place where it goes on says enough. */
function goesOn(before, text, finished) {
  if (finished) return text.startsWith(before);
  const from = Math.max(0, before.length - 256);
  return text.length >= before.length && text.startsWith(before.slice(from), from);
}

/** Blocks that are parsed together: one by one costs more, but raw HTML left open must not reach the next block. */
function runs(tokens) {
  const groups = [];
  let plain = false;
  for (const token of tokens) {
    const safe = !token.raw.includes('<');
    if (safe && plain) groups.at(-1).push(token);
    else groups.push([token]);
    plain = safe;
  }
  return groups;
}

function isSolid(token) {
  return token.type !== 'space' && token.type !== 'def';
}

/** Make the text of `code` be `text`, adding to what is there where that is its beginning. */
function grow(code, text) {
  const node = code.firstChild;
  const had = node?.data.replace(/\n$/, '') ?? '';
  if (node?.nodeType === Node.TEXT_NODE && code.childNodes.length === 1 && text.startsWith(had)) {
    node.replaceData(had.length, node.length - had.length, text.slice(had.length));
  } else code.textContent = text;
}

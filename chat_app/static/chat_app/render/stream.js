/**
 * An answer that grows: finished blocks, and finished items of an open list, are rendered once and left alone; only what is
 * open is rendered again. So the cost of a token does not grow with the length of the answer.
 */

import { decorate } from './decorate.js';
import { goesOnAs, kindOf, settledItems } from './lists.js';
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
    this.list = undefined; // {element, tail, start, kind} of the open list whose first items are rendered for good
    this.wary = undefined; // {start, loose} of one where that was too early
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
    if (this.list && !goesOnAs(this.list.kind, tokens[0])) {
      this.#rejoin();
      return this.#render(finished);
    }
    const spoken = [];
    const done = finished ? tokens.length : this.#settled(tokens);
    for (const run of runs(tokens.slice(0, done))) {
      const nodes = this.#show(run, true);
      for (const token of run) this.frozen += token.raw.length;
      if (nodes.length) spoken.push(nodes.map((node) => node.textContent).join(' ').trim());
    }
    const open = tokens.slice(done).filter(isSolid);
    if (open.length) this.#show(open.length === 1 && open[0].type === 'list' ? [this.#cut(open[0])] : open, false);
    return spoken.filter(Boolean);
  }

  /** Render the first items of an open list for good. -> the list with those that are left */
  #cut(token) {
    const count = settledItems(token);
    const { wary } = this;
    if (!count || (wary?.start === this.frozen && (wary.loose || !token.loose))) return token;
    const [first, rest] = [token.items.slice(0, count), token.items.slice(count)];
    const list = this.list ?? { start: this.frozen, kind: kindOf(token) };
    const [element, tail] = this.#show([{ ...token, items: first }], true);
    this.list = { element, tail, ...list };
    for (const { raw } of first) this.frozen += raw.length;
    return { ...token, items: rest };
  }

  /** The list has become another kind of list: all of it is open again. */
  #rejoin() {
    const { element, tail, start, kind } = this.list;
    for (const node of [element, tail, ...this.open]) node.remove();
    this.open = [];
    this.list = undefined;
    this.frozen = start;
    this.wary = { start, loose: kind.loose };
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

  /** Put these blocks in the place of the open ones. Those that begin with what is left of a list go on with it. -> nodes */
  #show(tokens, solid) {
    const [{ type, text }] = tokens;
    const code = !solid && tokens.length === 1 && type === 'code';
    if (code && this.code) {
      grow(this.code, `${text}\n`);
      return this.open;
    }
    const fragment = cleanMarkdown(tokens.map(htmlOf).join(''));
    decorate(fragment, { solid, words: this.words });
    for (const node of this.open) node.remove();
    const { list } = this;
    const more = list ? itemsOf(fragment) : [];
    list?.element.append(...more);
    const nodes = [...fragment.childNodes];
    this.host.append(fragment);
    this.open = solid ? [] : [...more, ...nodes];
    this.code = code ? nodes[0]?.querySelector?.('code') : undefined;
    if (solid) this.list = undefined;
    return list ? [list.element, ...nodes] : nodes;
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

/** Take the items of the list at the beginning out of a fragment, but for the line breaks that a list has before them and behind it. */
function itemsOf(fragment) {
  const { firstChild: list } = fragment;
  const { nextSibling: tail } = list;
  const items = [...list.childNodes].slice(1);
  list.remove();
  if (tail?.data === '\n') tail.remove();
  else tail?.deleteData?.(0, 1);
  return items;
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

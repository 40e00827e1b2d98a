/**
 * The text field that tags can stand in: what is typed, pasted and taken back. It knows content and places (caret.js), and
 * nothing of what a message is for; keys that mean more than editing are its owner's.
 */

import { h, setAttr } from '../../view/dom.js';
import { isTag, placeOf, pointOf, rangeIn, select, selectionIn } from './caret.js';
import { copyContent, pastedContent } from './clipboard.js';
import { ofText, tidy } from './content.js';
import { Past } from './past.js';
import { tagChip, tagIn } from './tags.js';

const PLAIN = plainKind();
const LARGE = 2_000; // units; a browser's own insertion of long text is slow
const LONG = 20_000; // units; from here on not every line has a direction of its own, which takes time with every key
const TAKEN_OVER = new Set(['insertFromPaste', 'insertFromDrop', 'insertFromYank', 'insertFromPasteAsQuotation']);

export class Field {
  #kit;
  #told;
  #past = new Past();
  #composing = false;

  /** @param told {changed(), key(event), moved(), files(FileList)}: `key` returns whether the key was for the owner */
  constructor(kit, told) {
    this.#kit = kit;
    this.#told = told;
    this.element = h('div', {
      class: 'field empty',
      role: 'textbox',
      'aria-multiline': 'true',
      contenteditable: PLAIN,
      tabindex: '0',
      dir: kit.dir,
      spellcheck: 'true',
      enterkeyhint: 'enter',
      on: {
        beforeinput: (event) => this.#before(event),
        input: (event) => this.#after(event),
        compositionstart: () => (this.#composing = true),
        compositionend: () => this.#composed(),
        keydown: (event) => this.#key(event),
        paste: (event) => this.#paste(event),
        copy: (event) => this.#copy(event),
        cut: (event) => this.#copy(event) && this.replace(selectionIn(this.element), []),
      },
    });
  }

  get composing() {
    return this.#composing;
  }

  /** @returns {object[]} what is written, as UserMessageContent */
  content() {
    const parts = [];
    for (const node of this.element.childNodes) {
      if (isTag(node)) parts.push(tagIn(node));
      else if (node.nodeType === Node.TEXT_NODE) parts.push({ type: 'input_text', text: node.data });
      else if (node !== this.element.lastChild) parts.push({ type: 'input_text', text: node.textContent || '\n' });
    }
    return tidy(parts);
  }

  /** Make this the content, with nothing to undo. */
  set(content) {
    this.#draw(tidy(content));
    this.#past.reset(this.content());
    this.#changed();
  }

  /** Make this the content, as an edit that can be undone; the caret goes to the end. */
  write(content) {
    this.replace({ start: 0, end: this.#size() }, content);
  }

  /** Put content in the place of `{start, end}`; where that is null, at the end. The caret goes behind it. */
  replace(where, content, kind = null) {
    const { start, end } = where ?? { start: this.#size(), end: this.#size() };
    const nodes = this.#nodes(tidy(content));
    const range = document.createRange();
    range.setStart(...pointOf(this.element, start));
    range.setEnd(...pointOf(this.element, end));
    range.deleteContents();
    for (const node of nodes.toReversed()) range.insertNode(node);
    this.#mend();
    const place = start + nodes.reduce((sum, node) => sum + (isTag(node) ? 1 : node.length), 0);
    if (this.focused) select(this.element, place);
    this.#past.record(this.content(), place, kind);
    this.#reveal(place);
    this.#changed();
  }

  /** Put content where the caret is, or at the end while it is elsewhere. */
  insert(content) {
    this.replace(selectionIn(this.element) ?? this.last, content);
  }

  get focused() {
    return this.element.getRootNode().activeElement === this.element;
  }

  /** Focus, with the caret where it was last, else at the end. */
  focus() {
    if (this.focused) return;
    this.element.focus({ preventScroll: true });
    if (!this.element.isContentEditable) return;
    const { start, end } = this.last ?? { start: this.#size(), end: this.#size() };
    select(this.element, Math.min(start, this.#size()), Math.min(end, this.#size()));
  }

  /** The caret's place has changed, or may have. Called by the owner, who hears of it from the document. */
  look() {
    if (!this.focused) return;
    this.last = selectionIn(this.element) ?? this.last;
    this.#told.moved();
  }

  /** The text between the caret and the tag or start before it: `{text, place}`, or null without a caret. */
  behind() {
    const now = selectionIn(this.element);
    if (!now || now.start !== now.end) return null;
    let text = '';
    let left = now.start;
    for (const node of this.element.childNodes) {
      if (left <= 0) break;
      if (isTag(node)) text = '';
      else if (node.nodeType === Node.TEXT_NODE) text += node.data.slice(Math.max(0, Math.min(left, node.length) - 500), left);
      left -= isTag(node) ? 1 : (node.length ?? 0);
    }
    return { text, place: now.start };
  }

  lock(locked) {
    setAttr(this.element, 'contenteditable', locked ? 'false' : PLAIN);
    setAttr(this.element, 'aria-disabled', locked ? 'true' : undefined);
  }

  /** Another language: nothing has no direction of its own, so the placeholder takes the language's. */
  speak() {
    const empty = this.element.childNodes.length === 0;
    setAttr(this.element, 'dir', empty ? this.#kit.dir : 'auto');
  }

  place(words) {
    setAttr(this.element, 'data-placeholder', words);
    setAttr(this.element, 'aria-label', words);
  }

  #size() {
    return this.content().reduce((sum, part) => sum + (part.type === 'input_tag' ? 1 : part.text.length), 0);
  }

  #nodes(content) {
    return content.map((part) =>
      part.type === 'input_tag' ? tagChip(this.#kit, part, { editing: this }) : document.createTextNode(part.text));
  }

  #draw(content) {
    this.element.replaceChildren(...this.#nodes(content));
    this.#mend();
  }

  /** Only texts, tags and, where the last line would not be seen without it, a break at the end. */
  #mend() {
    const odd = (node) => node.nodeType !== Node.TEXT_NODE && !isTag(node) && node !== this.element.lastChild;
    if ([...this.element.childNodes].some(odd)) {
      const now = selectionIn(this.element);
      const content = this.content();
      this.element.replaceChildren(...this.#nodes(content));
      if (now && this.focused) select(this.element, Math.min(now.end, this.#size()));
    }
    this.element.normalize();
    this.element.classList.toggle('long', this.#size() > LONG);
    const { lastChild } = this.element;
    const end = lastChild?.nodeName === 'BR' ? lastChild.previousSibling : lastChild;
    const wanted = isTag(end) || Boolean(end?.data?.endsWith('\n'));
    if (lastChild?.nodeName === 'BR' && !wanted) lastChild.remove();
    else if (wanted && lastChild.nodeName !== 'BR') this.element.append(document.createElement('br'));
  }

  #changed() {
    this.element.classList.toggle('empty', this.element.childNodes.length === 0);
    this.speak();
    this.last = selectionIn(this.element) ?? this.last;
    this.#told.changed();
  }

  #reveal(place) {
    if (place >= this.#size()) {
      this.element.scrollTop = this.element.scrollHeight;
      return;
    }
    const at = rangeIn(this.element.getRootNode())?.getBoundingClientRect();
    const box = this.element.getBoundingClientRect();
    if (!at || (at.top === 0 && at.height === 0)) return;
    if (at.bottom > box.bottom) this.element.scrollTop += at.bottom - box.bottom + 8;
    else if (at.top < box.top) this.element.scrollTop -= box.top - at.top + 8;
  }

  #before(event) {
    const { inputType: kind } = event;
    if (kind === 'historyUndo' || kind === 'historyRedo') {
      event.preventDefault();
      this.#travel(kind === 'historyUndo' ? -1 : 1);
    } else if (kind.startsWith('format')) {
      event.preventDefault();
    } else if (event.cancelable && !this.#composing && !event.isComposing) {
      const edit = this.#edit(event, this.#target(event));
      if (!edit) return;
      event.preventDefault();
      this.replace(edit.where, edit.content, edit.kind);
    }
  }

  /** What the field does itself for this input, or undefined where the browser does it well. */
  #edit(event, where) {
    const { inputType: kind } = event;
    if (!where) return undefined;
    if (kind === 'insertParagraph' || kind === 'insertLineBreak') return { where, content: ofText('\n'), kind: null };
    const text = event.data ?? event.dataTransfer?.getData('text/plain') ?? '';
    if (TAKEN_OVER.has(kind)) return { where, content: ofText(text), kind: null };
    if (kind.startsWith('delete')) return this.#deletion(kind, where);
    if (!kind.startsWith('insert') || kind.includes('Composition')) return undefined;
    const point = rangeIn(this.element.getRootNode())?.startContainer;
    const own = point === this.element || this.#tagsIn(where) || text.includes('\n') || text.length > LARGE;
    return own ? { where, content: ofText(text), kind: 'type' } : undefined;
  }

  #deletion(kind, where) {
    const now = selectionIn(this.element);
    if (now && now.start === now.end) {
      const back = { start: now.start - 1, end: now.start };
      const on = { start: now.start, end: now.start + 1 };
      if (/Backward$/.test(kind) && this.#tagsIn(back)) return { where: back, content: [], kind: null };
      if (/Forward$/.test(kind) && this.#tagsIn(on)) return { where: on, content: [], kind: null };
    }
    return this.#tagsIn(where) ? { where, content: [], kind: null } : undefined;
  }

  #target(event) {
    const [range] = event.getTargetRanges?.() ?? [];
    if (!range) return selectionIn(this.element);
    const start = placeOf(this.element, range.startContainer, range.startOffset);
    const end = placeOf(this.element, range.endContainer, range.endOffset);
    return start === null || end === null ? selectionIn(this.element) : { start, end };
  }

  #tagsIn({ start, end }) {
    let place = 0;
    for (const node of this.element.childNodes) {
      if (isTag(node) && place >= start && place < end) return true;
      place += isTag(node) ? 1 : (node.length ?? 0);
      if (place >= end) break;
    }
    return false;
  }

  #after(event) {
    if (!this.#composing) this.#mend();
    const kind = event.inputType?.startsWith('delete') ? 'delete' : 'type';
    if (!this.#composing) this.#past.record(this.content(), selectionIn(this.element)?.end ?? 0, kind);
    this.#changed();
  }

  #composed() {
    this.#composing = false;
    this.#mend();
    this.#past.record(this.content(), selectionIn(this.element)?.end ?? 0, 'type');
    this.#changed();
  }

  #travel(by) {
    const found = this.#past.move(by);
    if (!found) return;
    this.#draw(found.content);
    select(this.element, Math.min(found.place, this.#size()));
    this.#changed();
  }

  #key(event) {
    if (event.target !== this.element) return; // a tag has keys of its own
    if (event.isComposing || event.keyCode === 229) return; // an input method is at work
    if (this.#told.key(event)) {
      event.preventDefault();
      return;
    }
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || event.altKey || !(key === 'z' || key === 'y')) return;
    event.preventDefault();
    this.#travel(key === 'y' || event.shiftKey ? 1 : -1);
  }

  #paste(event) {
    event.preventDefault();
    const content = pastedContent(event);
    const files = event.clipboardData?.files;
    // Programs that copy text often add a picture of it.
    if (content.length) this.insert(content);
    else if (files?.length) this.#told.files(files);
  }

  #copy(event) {
    const now = selectionIn(this.element);
    return Boolean(now) && now.start < now.end && copyContent(event, this.content(), now);
  }
}

/** Browsers that can keep markup out of a field do; the others are watched in `beforeinput` and `input`. */
function plainKind() {
  const probe = document.createElement('div');
  try {
    probe.contentEditable = 'plaintext-only';
  } catch {
    return 'true'; // not known here: the setter throws, as the standard has it
  }
  return probe.contentEditable === 'plaintext-only' ? 'plaintext-only' : 'true';
}

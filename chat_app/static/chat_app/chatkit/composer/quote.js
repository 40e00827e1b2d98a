/** Replying to a passage: the quote above the field, and the button that comes up over text selected in a message. */

import { h, iconButton, setAttr, setText } from '../../view/dom.js';
import { rangeIn } from './caret.js';
import { float } from './float.js';
import { nameButton } from './named.js';

const MOST = 10_000; // characters of a passage
const QUOTABLE = '[data-quotable]';

export class Quote {
  #kit;
  #told;

  text = '';

  /** @param told {changed(), focus()} */
  constructor(kit, told) {
    this.#kit = kit;
    this.#told = told;
    this.words = h('blockquote', { class: 'quote-words', dir: 'auto' });
    this.away = iconButton(kit.t('composer.unquote'), kit.icon('close'), () => this.#remove(), { class: 'file-act' });
    this.element = h('div', { class: 'composer-quote', role: 'group', 'aria-label': kit.t('composer.quote'), hidden: true },
      kit.icon('reply', { class: 'quote-icon' }), this.words, this.away);
  }

  /** Another language. */
  speak() {
    setAttr(this.element, 'aria-label', this.#kit.t('composer.quote'));
    nameButton(this.away, this.#kit.t('composer.unquote'));
  }

  set(text) {
    this.text = String(text ?? '').trim().slice(0, MOST);
    setText(this.words, this.text);
    this.element.hidden = !this.text;
    this.#told.changed();
  }

  #remove() {
    this.set('');
    this.#told.focus();
  }
}

/**
 * A floating button over a selection inside one message. What may be quoted carries `data-quotable`.
 * @param {object} kit
 * @param {HTMLElement} container where the messages are
 * @param {(text: string) => void} [reply] what to do with the passage; by default the composer takes it
 * @returns {() => void} stops it
 */
export function selectionReply(kit, container, reply = (text) => take(kit, text)) {
  let passage = '';
  let timer;
  const words = h('span', {});
  const button = h('button', { type: 'button', class: 'button', on: { click: () => run() } }, kit.icon('reply'), words);
  // The selection is to stay while its button is pressed.
  const on = { pointerdown: (event) => event.preventDefault() };
  const box = h('div', { class: 'selection-reply', popover: 'manual', on }, button);
  kit.overlays.append(box);

  const hide = () => box.matches(':popover-open') && box.hidePopover();
  const look = () => {
    if (box.getRootNode().activeElement === button) return;
    const found = selected(kit.root, container);
    passage = found?.text ?? '';
    if (!found) {
      hide();
      return;
    }
    setText(words, kit.t('composer.reply'));
    if (!box.matches(':popover-open')) box.showPopover();
    float(box, found.at, { above: true, rtl: kit.dir === 'rtl' });
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(look, 150);
  };
  const run = () => {
    hide();
    document.getSelection()?.removeAllRanges();
    if (passage) reply(passage);
  };
  // The button is far from the text in the order of the page: the next Tab goes to it all the same.
  const key = (event) => {
    if (!box.matches(':popover-open')) return;
    if (event.key === 'Escape') {
      hide();
    } else if (event.key === 'Tab' && !event.shiftKey && box.getRootNode().activeElement !== button) {
      event.preventDefault();
      button.focus();
    }
  };
  const scrolled = () => box.matches(':popover-open') && soon();

  document.addEventListener('selectionchange', soon);
  document.addEventListener('keydown', key);
  button.addEventListener('blur', soon);
  container.addEventListener('scroll', scrolled, { capture: true, passive: true });
  return () => {
    clearTimeout(timer);
    document.removeEventListener('selectionchange', soon);
    document.removeEventListener('keydown', key);
    container.removeEventListener('scroll', scrolled, { capture: true });
    box.remove();
  };
}

function take(kit, text) {
  kit.composer.setValue({ reply: text }).then(() => kit.composer.focus(), kit.report);
}

/** `{text, at}` of what is selected inside one quotable element, or undefined. */
function selected(root, container) {
  const range = rangeIn(root);
  if (!range || range.collapsed) return undefined;
  const holder = quotable(range.startContainer);
  if (!holder || !container.contains(holder)) return undefined;
  const text = passageOf(range, holder);
  // A selection may end at the very start of what follows the message, as a triple click has it.
  if (!text || (quotable(range.endContainer) !== holder && !atStart(range))) return undefined;
  const [first] = range.getClientRects();
  return first && { text, at: first };
}

function quotable(node) {
  return (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement)?.closest(QUOTABLE);
}

function atStart(range) {
  return range.endOffset === 0;
}

function passageOf(range, holder) {
  const inside = document.createRange();
  inside.setStart(range.startContainer, range.startOffset);
  if (quotable(range.endContainer) === holder) inside.setEnd(range.endContainer, range.endOffset);
  else inside.setEnd(holder, holder.childNodes.length);
  return inside.toString().trim();
}

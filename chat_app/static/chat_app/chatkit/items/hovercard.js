/** A card that appears beside a word or a chip while it is pointed at or focused. It can be pointed at itself, and Escape closes it. */

import { h } from '../../view/dom.js';

const OPENS = 220;
const CLOSES = 160;
const GAP = 6;
const EDGE = 8;

const cards = new WeakMap(); // one for each chat: two cards are never open at once

/**
 * Give `anchor` a card.
 * @param {object} kit
 * @param {HTMLElement} anchor something that can be focused
 * @param {() => Node|Promise<Node|null>} content asked anew each time; null opens nothing
 */
export function hoverCard(kit, anchor, content) {
  if (!cards.has(kit)) cards.set(kit, new HoverCard(kit));
  const card = cards.get(kit);
  anchor.addEventListener('pointerenter', (event) => event.pointerType !== 'touch' && card.soon(anchor, content));
  anchor.addEventListener('pointerleave', () => card.leave());
  anchor.addEventListener('focus', () => anchor.matches(':focus-visible') && card.open(anchor, content));
  anchor.addEventListener('blur', () => card.leave());
  anchor.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !card.isOpen) return;
    event.stopPropagation();
    card.close();
  });
}

class HoverCard {
  constructor(kit) {
    this.kit = kit;
    this.box = h('div', { class: 'hover-card', popover: 'manual', role: 'group' });
    this.box.addEventListener('pointerenter', () => clearTimeout(this.timer));
    this.box.addEventListener('pointerleave', () => this.leave());
  }

  get isOpen() {
    return this.box.isConnected && this.box.matches(':popover-open');
  }

  soon(anchor, content) {
    clearTimeout(this.timer);
    if (this.anchor === anchor && this.isOpen) return;
    this.timer = setTimeout(() => this.open(anchor, content), OPENS);
  }

  leave() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.close(), CLOSES);
  }

  async open(anchor, content) {
    clearTimeout(this.timer);
    this.anchor = anchor;
    let inside = null;
    try {
      inside = await content();
    } catch (error) {
      this.kit.report(error);
    }
    if (!inside || this.anchor !== anchor || !anchor.isConnected) return;
    if (!this.box.isConnected) this.kit.overlays.append(this.box);
    this.box.replaceChildren(inside);
    this.box.showPopover();
    this.#put(anchor);
  }

  close() {
    clearTimeout(this.timer);
    this.anchor = undefined;
    if (this.isOpen) this.box.hidePopover();
  }

  /** Above where there is room, else below; never outside the window. */
  #put(anchor) {
    const at = anchor.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.box;
    const top =
      at.top - GAP - height >= EDGE
        ? at.top - GAP - height
        : Math.min(at.bottom + GAP, Math.max(EDGE, innerHeight - height - EDGE));
    const left = Math.max(EDGE, Math.min(at.left + at.width / 2 - width / 2, innerWidth - width - EDGE));
    this.box.style.setProperty('top', `${top}px`);
    this.box.style.setProperty('left', `${left}px`);
  }
}

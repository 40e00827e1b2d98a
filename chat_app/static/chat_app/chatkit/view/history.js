/** The list of conversations: a panel that slides over the chat, or stands beside it where the page wants that and there is room. */

import { fill, h, iconButton, setAttr, setText } from '../../view/dom.js';
import { fold } from '../state/place.js';
import { Listing } from './listing.js';
import { Search } from './search.js';

const ROOM = 900; // px of the element's width for both
const FRAMES = 30; // for which the panel may be on its way into view
const PASSING = 9_000; // ms

export class HistoryPanel {
  #width = 0;
  #docked = false; // it stands beside the chat
  #folded = fold.get(); // and is folded away there
  #over = false; // it lies over the chat
  #told = false; // the page knows it as open
  #before = null; // what had the focus before it lay over it

  constructor(kit) {
    this.kit = kit;
    this.search = new Search(kit);
    this.title = h('h2', { class: 'history-title' });
    this.list = new Listing(kit, { further: () => this.#further() });
    this.trouble = h('p', { class: 'history-trouble', role: 'alert', dir: 'auto', hidden: true });
    this.end = h('slot', { name: 'history-end', on: { slotchange: () => this.#furnished() } });
    this.foot = h('div', { class: 'history-foot', hidden: true }, this.end);
    this.element = h('nav', { class: 'panel history', inert: true, on: { keydown: (event) => this.#round(event) } });
    this.scrim = h('div', { class: 'scrim', on: { click: () => this.hide() } });
    this.#watch();
  }

  /** Whether it lies over the chat: then Escape closes it. */
  get covers() {
    return this.#over;
  }

  #watch() {
    const { host, ended } = this.kit;
    const room = new ResizeObserver(([{ contentRect }]) => {
      this.#width = contentRect.width;
      this.#dock();
    });
    const wish = new MutationObserver(() => this.#dock());
    room.observe(host);
    wish.observe(host, { attributeFilter: ['docked'] });
    ended.then(() => {
      room.disconnect();
      wish.disconnect();
      clearTimeout(this.passing);
    });
  }

  configure() {
    const { kit } = this;
    setAttr(this.element, 'aria-label', kit.t('history.title'));
    setText(this.title, kit.t('history.title'));
    this.search.configure();
    const { enabled, showRename, showDelete, showExport } = kit.options.history;
    if (!enabled) this.#over = false;
    this.#dock();
    const face = JSON.stringify([kit.locale, showRename, showDelete, showExport, Boolean(kit.transport.connection)]);
    if (face === this.face) return;
    this.face = face;
    this.close = iconButton(kit.t('history.close'), kit.icon('close'), () => this.toggle(), { class: 'history-close' });
    fill(this.element, h('div', { class: 'history-head' }, this.title, this.close), this.search.element, this.list.element, this.trouble, this.foot);
    this.list.reset();
    this.drawn = undefined;
  }

  // --- open and closed

  show() {
    const { kit } = this;
    if (kit.store.state.history.open || !kit.options.history.enabled) return;
    if (this.#docked) this.#folded = false;
    else {
      this.#over = true;
      this.#before = kit.root.activeElement ?? document.activeElement;
    }
    this.#settle();
    this.#told = true;
    kit.emit('history.open');
    void kit.threads.list();
    this.#enter();
  }

  /** Not to be seen until a frame or two later, and what is not seen takes no focus. */
  #enter(frames = FRAMES) {
    if (!this.#over || this.element.contains(this.kit.root.activeElement)) return;
    this.close.focus();
    if (frames > 0) requestAnimationFrame(() => this.#enter(frames - 1));
  }

  hide() {
    const { kit } = this;
    if (!kit.store.state.history.open) return;
    const back = this.#over || this.element.contains(kit.root.activeElement);
    if (this.#docked) this.#folded = true;
    this.#over = false;
    this.#told = true;
    this.#settle();
    if (back) this.#back();
    if (!this.#docked) this.search.reset();
  }

  /** As a person does it: how it stands beside the chat is kept. */
  toggle() {
    if (this.kit.store.state.history.open) this.hide();
    else this.show();
    if (this.#docked) fold.set(this.#folded);
  }

  /** Give the view of the chat free. */
  uncover() {
    if (this.#over) this.hide();
  }

  #back() {
    const { past } = this.kit.frame.header;
    const before = this.#before;
    this.#before = null;
    (before?.isConnected && before !== document.body && before !== this.kit.host ? before : past).focus();
  }

  /** Whether there is room beside the chat may have changed. */
  #dock() {
    const { host, options } = this.kit;
    const docked = options.history.enabled && host.hasAttribute('docked') && this.#width >= ROOM;
    if (docked) this.#over = false;
    this.#docked = docked;
    setAttr(this.element, 'data-docked', docked);
    this.#settle();
  }

  /** Whatever hangs on it being open is so at once: focus goes only to what is not inert. */
  #settle() {
    const { kit } = this;
    const { history } = kit.store.state;
    const open = this.#docked ? !this.#folded : this.#over;
    setAttr(this.element, 'data-open', open);
    this.element.inert = !open;
    this.#seclude();
    if (open !== history.open) kit.store.set({ history: { ...history, open } });
    if (open || !this.#told) return;
    this.#told = false;
    kit.emit('history.close');
  }

  /** What lies below it is out of reach. */
  #seclude() {
    const { frame } = this.kit;
    if (!frame) return;
    const others = [frame.header.element, frame.foot, ...frame.body.children].filter((part) => part !== this.element && part !== this.scrim);
    for (const part of others) part.inert = this.#over;
  }

  /** Over the chat the focus goes round in it, what the page has put at its foot included. */
  #round(event) {
    if (event.key !== 'Tab' || !this.#over) return;
    const own = [...this.element.querySelectorAll('button, input')];
    const pages = this.end.assignedElements().flatMap((one) => [one, ...one.querySelectorAll('*')]);
    const stops = [...own, ...pages].filter((one) => one.tabIndex >= 0 && !one.disabled && one.checkVisibility({ visibilityProperty: true }));
    const [from, to] = event.shiftKey ? [stops[0], stops.at(-1)] : [stops.at(-1), stops[0]];
    if (!event.composedPath().includes(from)) return;
    event.preventDefault();
    to.focus();
  }

  // --- what it says

  /** Say something where it is seen: here where the panel lies over the chat, else in the chat. */
  say(message, { level = 'info' } = {}) {
    if (!this.#over) {
      this.kit.notify({ level, message, passing: true });
      return;
    }
    clearTimeout(this.passing);
    setText(this.trouble, message);
    this.trouble.hidden = false;
    this.passing = setTimeout(() => {
      this.trouble.hidden = true;
      setText(this.trouble, '');
    }, PASSING);
  }

  /** The page has put something at the foot, or has taken it away. */
  #furnished() {
    this.foot.hidden = this.end.assignedNodes().length === 0;
  }

  render({ history, threadId, phase, responding }) {
    this.#renew(history, phase, responding);
    const now = [history, threadId, phase];
    if (!history.open || now.every((one, at) => one === this.drawn?.[at])) return;
    this.search.render(history, phase);
    this.drawn = this.list.draw(history, threadId, phase) ? now : undefined;
  }

  /** Beside the chat nobody opens it: the list is read when it is first seen, and when an answer may have changed it. */
  #renew({ open }, phase, responding) {
    const hasEnded = this.responding && !responding;
    this.responding = responding;
    if (open && phase === 'ready' && (hasEnded || !this.kit.threads.isListed)) void this.kit.threads.list();
  }

  #further() {
    const { threads, store } = this.kit;
    const { open, search, failed } = store.state.history;
    if (!open) return;
    if (search?.failed) this.search.again();
    else if (search) threads.found.more();
    else void threads.list({ more: !failed });
  }
}

/**
 * The conversation: one view for each item, changed only when its item did, and the place where one is reading. It stays at the
 * newest words only for who is there already.
 */

import { fill, h, iconButton, setAttr, setText } from '../../view/dom.js';
import { selectionReply } from '../composer/quote.js';
import { Batches } from './batches.js';
import { viewOf } from './item.js';
import { Notes } from './notes.js';
import { Start } from './start.js';

const NEAR = 60; // px from the end that still count as the end

export class Messages {
  #views = new Map(); // id -> view
  #shown = [];

  constructor(kit) {
    this.kit = kit;
    this.startScreen = new Start(kit);
    this.notes = new Notes(kit);
    this.thread = h('div', { class: 'thread', role: 'log', 'aria-live': 'off' });
    this.items = h('div', { class: 'items' });
    this.batches = new Batches(this.items);
    this.column = h('div', { class: 'column' }, this.startScreen.element, this.thread);
    this.element = h('div', { class: 'scroll', tabindex: '0', role: 'region' }, this.column);
    this.jump = iconButton('', kit.icon('arrow-down'), () => this.toEnd({ smooth: true }), { class: 'latest' });
    this.earlier = h('button', { type: 'button', class: 'button quiet earlier', hidden: true, on: { click: () => kit.threads.earlier() } }, h('span'));
    this.waiting = h('div', { class: 'skeleton', hidden: true, role: 'status' }, h('span'), h('span'), h('span'));
    fill(this.thread, this.earlier, this.waiting, this.items, this.notes.element);
    this.following = true;
    this.stopReplies = selectionReply(kit, this.items);
  }

  get isEmpty() {
    return this.#shown.length === 0 && !this.notes.any;
  }

  start() {
    let top = 0;
    this.element.addEventListener('scroll', () => {
      const now = this.element.scrollTop;
      if (now < top - 1 && !this.#atEnd()) this.following = false;
      else if (this.#atEnd()) this.following = true;
      top = now;
      this.#offer();
      if (now < 200 && this.kit.store.state.earlier) void this.kit.threads.earlier();
    }, { passive: true });
    this.element.addEventListener('wheel', ({ deltaY }) => {
      if (deltaY < 0 && this.element.scrollHeight > this.element.clientHeight) this.following = false;
    }, { passive: true });
    this.grown = new ResizeObserver(() => {
      if (this.following && this.#stays) this.#end('instant');
      this.#offer();
    });
    this.grown.observe(this.column);
    this.grown.observe(this.element);
  }

  destroy() {
    this.grown.disconnect();
    for (const view of this.#views.values()) view.destroy?.();
    this.stopReplies?.();
  }

  configure() {
    const { t } = this.kit;
    setAttr(this.element, 'aria-label', t('thread.label'));
    setAttr(this.jump, 'aria-label', t('thread.latest'));
    setAttr(this.jump, 'title', t('thread.latest'));
    setText(this.earlier.firstElementChild, t('thread.earlier'));
    setAttr(this.waiting, 'aria-label', t('frame.loading'));
    this.startScreen.configure();
    this.#rename();
    const face = JSON.stringify([this.kit.locale, this.kit.options.threadItemActions]);
    if (face === this.face) return; // what is typed into a form, and where the focus is, stays
    this.face = face;
    for (const view of this.#views.values()) view.destroy?.();
    this.#views = new Map();
    this.restart = true;
  }

  /** The page may name its models after the answers that tell of them. */
  #rename() {
    const names = JSON.stringify(this.kit.options.composer.models.map(({ id, label }) => [id, label]));
    if (names === this.names) return;
    this.names = names;
    for (const view of this.#views.values()) if (view.item) this.#draw(view, view.item);
  }

  /** Whether growth is followed: while an answer streams only where the page wants it, a page that was just opened always. */
  get #stays() {
    return this.kit.options.thread.autoScroll || !this.kit.store.state.responding || this.sending;
  }

  #atEnd() {
    return this.element.scrollHeight - this.element.scrollTop - this.element.clientHeight <= NEAR;
  }

  #offer() {
    setAttr(this.jump, 'data-shown', !this.#atEnd());
    this.kit.frame?.element.classList.toggle('scrolled', this.element.scrollTop > 4);
  }

  /** Go to the end, and follow from there. */
  toEnd({ smooth = false } = {}) {
    this.following = true;
    this.sending = true; // until what was sent is there
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const far = this.element.scrollHeight - this.element.scrollTop > 3 * this.element.clientHeight;
    this.#end(smooth && !calm && !far ? 'smooth' : 'instant');
  }

  #end(behavior) {
    this.element.scrollTo({ top: this.element.scrollHeight, behavior });
  }

  render(state) {
    const { items } = this.kit;
    const changes = items.take();
    const other = state.threadId !== this.threadId && !(this.threadId === null && this.#shown.length > 0);
    this.threadId = state.threadId;
    const first = this.#shown[0];
    const fromEnd = changes.moved ? this.element.scrollHeight - this.element.scrollTop : 0;
    if (changes.moved || this.restart) this.#arrange(items.list);
    for (const id of changes.ids) this.#update(items.get(id));
    this.restart = false;
    this.#last(state);
    this.notes.render(state, this.#shown.at(-1));
    this.startScreen.element.hidden = !this.isEmpty || state.loading || state.phase !== 'ready' || state.threadId !== null;
    this.earlier.hidden = !state.earlier;
    this.waiting.hidden = !state.loading || this.#shown.length > 0;
    if (first && this.#shown[0] !== first && !other && !this.following) this.element.scrollTop = this.element.scrollHeight - fromEnd;
    if (other) this.toEnd();
    if (state.responding && this.#shown.at(-1)?.type !== 'user_message') this.sending = false;
  }

  #arrange(list) {
    const views = new Map();
    for (const item of list) {
      const old = this.kit.aliases.get(item.id);
      let view = this.#views.get(item.id) ?? this.#views.get(old);
      const isNew = !view || view.type !== item.type;
      if (isNew) {
        view = viewOf(this.kit, item);
        view.type = item.type;
      }
      if (isNew || view.item !== item) this.#draw(view, item);
      views.set(item.id, view);
    }
    const kept = new Set(views.values());
    for (const view of this.#views.values()) if (!kept.has(view)) view.destroy?.();
    this.#views = views;
    this.#shown = list;
    this.batches.arrange([...views.values()].map((view) => view.element));
  }

  #update(item) {
    const view = item && this.#views.get(item.id);
    if (view) this.#draw(view, item);
  }

  #draw(view, item) {
    view.item = item;
    try {
      view.update(item);
    } catch (error) {
      this.kit.report(error); // an item of a shape that nobody expects does not take the others away
    }
  }

  /** What can be done about an answer stands at its end: the last of what came in answer to one message. */
  #last({ responding }) {
    const last = this.#shown.at(-1);
    const view = last && this.#views.get(last.id);
    if (this.lastView !== view) {
      if (this.lastView?.element.isConnected) setAttr(this.lastView.element, 'data-last', undefined);
      this.lastView?.settle?.({ last: false, responding: false });
      this.lastView = view;
    }
    if (!view) return;
    setAttr(view.element, 'data-last', true);
    view.settle?.({ last: true, responding });
  }
}

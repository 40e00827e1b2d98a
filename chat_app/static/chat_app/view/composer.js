/** Where a message is written: grows with it, keeps it over a reload, and turns into the stop button while an answer runs. */

import { isRunning } from '../state/fold.js';
import { draft, keepDraft } from '../state/kept.js';
import { unsent } from '../state/messages.js';
import { h, iconButton, setAttr, setText } from './dom.js';
import { icon } from './icons.js';
import { ModelPicker } from './picker.js';

const MOST = 100_000;
const COUNT_FROM = 1_000;
const touch = matchMedia('(pointer: coarse) and (hover: none)');

export class Composer {
  constructor(app) {
    this.app = app;
    this.picker = new ModelPicker(app);
    this.text = h('textarea', {
      class: 'input',
      rows: '1',
      dir: 'auto',
      placeholder: 'Write a message',
      'aria-label': 'Message',
      'aria-describedby': 'limits',
      autocomplete: 'off',
      on: { input: () => this.#changed(), keydown: (event) => this.#key(event) },
    });
    this.count = h('span', { class: 'count' });
    this.limits = h('span', { id: 'limits', class: 'hidden' }, 'Up to 100,000 characters. Enter sends, Shift and Enter makes a new line.');
    this.send = iconButton('Send', icon('send'), () => this.submit(), { class: 'send' });
    this.stop = iconButton('Stop the answer', icon('stop'), () => app.turns.stop(), { class: 'send stop', hidden: true });
    this.element = h('form', { class: 'composer', on: { submit: (event) => event.preventDefault() } },
      this.text, this.limits,
      h('div', { class: 'composer-foot' }, this.picker.element, h('span', { class: 'space' }), this.count, this.send, this.stop),
    );
  }

  /** Put text in, as typed. */
  fill(text) {
    this.text.value = text;
    this.#changed();
    this.text.focus();
    this.text.setSelectionRange(text.length, text.length);
  }

  focus() {
    this.text.focus({ preventScroll: true });
  }

  submit() {
    const text = this.text.value;
    if (!text.trim() || this.over || this.app.store.state.phase !== 'ready') return;
    if (this.app.turns.busy) {
      this.app.say('An answer is being written. Stop it, or wait for its end.');
      return;
    }
    if (!this.app.turns.send(text)) return;
    this.text.value = '';
    this.#changed();
    this.app.stick();
    this.focus();
  }

  #key(event) {
    if (event.isComposing || event.keyCode === 229) return; // an input method is at work
    if (event.key === 'Enter' && !event.shiftKey && !event.altKey && !touch.matches) {
      event.preventDefault();
      this.submit();
    } else if (event.key === 'Escape' && this.app.turns.busy) {
      event.preventDefault();
      this.app.turns.stop();
    }
  }

  #changed() {
    const { value } = this.text;
    this.fit();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keep(), 200);
    const length = value.length < COUNT_FROM ? value.length : characters(value);
    this.over = length > MOST;
    setText(this.count, length < COUNT_FROM ? '' : `${length.toLocaleString('en')} / ${MOST.toLocaleString('en')}`);
    this.count.classList.toggle('over', this.over);
    setAttr(this.text, 'aria-invalid', this.over ? 'true' : undefined);
    this.#buttons();
  }

  /** As high as its text; a page that is not laid out yet has no height to give. */
  fit() {
    this.text.style.height = 'auto';
    if (this.text.scrollHeight) this.text.style.height = `${this.text.scrollHeight}px`;
  }

  keep() {
    clearTimeout(this.timer);
    if (this.thread !== null) keepDraft(this.thread, this.text.value);
  }

  #buttons() {
    const { phase } = this.app.store.state;
    setAttr(this.send, 'disabled', phase !== 'ready' || !this.text.value.trim() || this.over);
  }

  thread = null; // the thread whose draft is shown; null before the first render

  render(state) {
    const { turn, pending, stopping, threadId, phase } = state;
    this.element.hidden = phase === 'locked';
    if (this.thread !== threadId) this.#turnTo(threadId, state);
    const busy = isRunning(turn) || unsent(pending);
    const focused = this.element.getRootNode().activeElement;
    const swap = busy !== this.send.hidden && (focused === this.send || focused === this.stop);
    this.send.hidden = busy;
    this.stop.hidden = !busy;
    setAttr(this.stop, 'disabled', stopping);
    if (swap) this.focus();
    this.#buttons();
    this.picker.render(state);
  }

  /** Another thread: its own draft. A thread that was just made of this page keeps what is being typed. */
  #turnTo(threadId, { pending }) {
    const born = this.thread === undefined && threadId && pending?.threadId === threadId;
    if (this.thread !== null) this.keep();
    this.thread = threadId;
    if (born) return;
    this.text.value = draft(threadId);
    this.#changed();
  }
}

/** Characters as the server counts them: code points. */
function characters(text) {
  let pairs = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit >= 0xd800 && unit < 0xdc00) pairs += 1;
  }
  return text.length - pairs;
}

/** One message: what a person said, as plain text, or an answer, as Markdown with what can be done about it. */

import { StreamedMarkdown } from '../render/stream.js';
import { copyButton } from './copy.js';
import { fill, h, iconButton, setAttr, setText } from './dom.js';
import { icon } from './icons.js';

const PATIENCE = 8_000;
const SHARE = 2; // rest for so many times as long as the last rendering took
const LONGEST = 1_000;

export class UserMessage {
  constructor(app) {
    this.app = app;
    this.text = h('div', { class: 'bubble', dir: 'auto' });
    this.note = h('div', { class: 'note', hidden: true });
    this.element = h('article', { class: 'message from-user', 'aria-label': 'You' }, this.text, this.note);
  }

  update({ text, state, error }) {
    setText(this.text, text);
    this.element.classList.toggle('sending', state === 'sending');
    if (this.error === error) return;
    this.error = error;
    this.note.hidden = !error;
    if (!error) return;
    fill(this.note, icon('alert'), h('span', { class: 'note-text' }, error.detail),
      error.retryable && action('Send again', () => this.app.turns.resend()),
      action('Edit', () => this.app.edit(this.app.turns.takeBack())));
  }
}

export class AnswerMessage {
  constructor(app) {
    this.app = app;
    this.prose = h('div', { class: 'prose' });
    this.markdown = new StreamedMarkdown(this.prose);
    this.wait = h('div', { class: 'wait' }, h('span', { class: 'dots', 'aria-hidden': 'true' }, h('i'), h('i'), h('i')));
    this.waitText = h('span', { class: 'wait-text', dir: 'auto' });
    this.wait.append(this.waitText);
    this.asides = h('div', { class: 'asides' });
    this.note = h('div', { class: 'note', hidden: true });
    this.model = h('span', { class: 'answered' });
    this.foot = this.#foot();
    this.element = h('article', { class: 'message from-model', 'aria-label': 'Answer' },
      this.prose, this.asides, this.wait, this.note, this.foot);
    this.began = Date.now();
  }

  #foot() {
    const app = this.app;
    this.copy = copyButton(() => this.message.text, 'Copy the answer');
    this.good = iconButton('Good answer', icon('up'), () => this.#rate('positive'), { class: 'thumb' });
    this.bad = iconButton('Bad answer', icon('down'), () => this.#rate('negative'), { class: 'thumb' });
    this.again = iconButton('Answer again', icon('retry'), () => app.turns.retry(this.message.turnId), { class: 'again' });
    return h('div', { class: 'foot' }, this.model, this.copy, this.good, this.bad, this.again);
  }

  #rate(kind) {
    this.app.rate(this.message.itemId, this.message.feedback === kind ? null : kind);
  }

  update(message) {
    this.message = message;
    const running = message.state === 'running';
    this.#write(message.text, running);
    if (running) this.seenRunning = true;
    setAttr(this.element, 'aria-busy', running ? 'true' : undefined);
    this.element.dataset.state = message.state;
    this.element.classList.toggle('last', Boolean(message.last));
    this.#waiting(message, running);
    this.#aside(message.asides);
    this.#ended(message);
    this.#footing(message, running);
  }

  /** Show the text; where one block has grown so long that this takes time, less often. */
  #write(text, running) {
    clearTimeout(this.later);
    const began = performance.now();
    if (running && began < this.notBefore) {
      this.later = setTimeout(() => this.#write(this.message.text, this.message.state === 'running'), this.notBefore - began);
      return;
    }
    for (const said of this.markdown.update(text, !running)) if (this.seenRunning) this.app.read(said);
    const now = performance.now();
    this.notBefore = now + Math.min(LONGEST, SHARE * (now - began));
  }

  #waiting({ text, progress }, running) {
    this.wait.hidden = !running;
    clearTimeout(this.timer);
    if (!running) return;
    const quiet = !text && Date.now() - this.began >= PATIENCE;
    setText(this.waitText, progress ?? (quiet ? 'The model is taking its time…' : ''));
    if (!text && !progress && !quiet) this.timer = setTimeout(() => this.message.state === 'running' && this.update(this.message), PATIENCE);
  }

  #aside(asides = []) {
    if (this.shownAsides === asides.length) return;
    this.shownAsides = asides.length;
    this.asides.replaceChildren(...asides.map(({ level, detail }) => h('p', { class: `aside ${level}`, dir: 'auto' }, detail)));
  }

  /** How it ended, where it did not end well, and the way on. */
  #ended({ state, error, text, last, turnId }) {
    const words = endOf(state, error, text);
    const mark = `${words}${last}`;
    if (this.mark === mark) return;
    this.mark = mark;
    this.note.hidden = !words;
    if (!words) return;
    this.note.className = state === 'failed' ? 'note bad' : 'note';
    const retry = last && (state !== 'failed' || error?.retryable !== false);
    fill(this.note, icon(state === 'cancelled' ? 'stop' : 'alert'), h('span', { class: 'note-text', dir: 'auto' }, words),
      retry && action('Try again', () => this.app.turns.retry(turnId)));
  }

  #footing({ text, model, requested, itemId, feedback, last, usage, reason }, running) {
    this.foot.hidden = running || !text;
    this.good.hidden = this.bad.hidden = !itemId;
    this.again.hidden = !last || !this.note.hidden; // the remark above has the same button
    setAttr(this.good, 'aria-pressed', String(feedback === 'positive'));
    setAttr(this.bad, 'aria-pressed', String(feedback === 'negative'));
    const name = this.app.modelName(model);
    const other = model && requested && requested !== model && requested !== 'default';
    setText(this.model, other ? `${name} answered in place of ${this.app.modelName(requested)}` : name);
    this.model.classList.toggle('fallback', Boolean(other));
    setAttr(this.model, 'title', [reason, usage && counted(usage)].filter(Boolean).join(' · ') || undefined);
  }
}

function endOf(state, error, text) {
  if (state === 'failed') return error?.detail || (text ? 'The answer broke off here.' : 'The answer could not be given.');
  if (state === 'cancelled') return text ? 'Stopped here.' : 'Stopped before it began.';
  if (state === 'interrupted') return error?.detail || 'Interrupted: the server went away while it was writing.';
  return '';
}

function counted({ total_tokens: total, estimated, cost, currency }) {
  const tokens = `${estimated ? 'about ' : ''}${Number(total).toLocaleString('en')} tokens`;
  return cost && Number(cost) ? `${tokens}, ${cost} ${currency}` : tokens;
}

function action(label, run) {
  return h('button', { type: 'button', class: 'button quiet', on: { click: run } }, label);
}

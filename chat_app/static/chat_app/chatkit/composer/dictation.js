/** Speaking instead of typing: the microphone button, and the strip that stands in the foot's place while it listens. */

import { h, iconButton, setText } from '../../view/dom.js';
import { canRecord, Recorder } from './recorder.js';

const LONGEST = 10 * 60; // seconds; then it is taken as accepted
const BARS = 24;
const EVERY = 90; // ms

export class Dictation {
  #kit;
  #told;
  #recorder = null;
  #levels = Array(BARS).fill(0);
  #run = 0; // the latest recording: what belongs to one that was cancelled is of no use

  state = 'idle'; // 'idle' | 'asking' | 'listening' | 'writing'

  /** @param told {changed(), focus(), text(words), say(words[])} */
  constructor(kit, told) {
    this.#kit = kit;
    this.#told = told;
    const { t } = kit;
    this.button = iconButton(t('dictation.start'), kit.icon('mic'), () => this.start(), { class: 'mic' });
    this.bars = Array.from({ length: BARS }, () => h('span', { class: 'level-bar' }));
    this.time = h('span', { class: 'level-time', role: 'timer', 'aria-live': 'off' });
    this.words = h('span', { class: 'level-words' });
    this.accept = iconButton(t('dictation.accept'), kit.icon('check'), () => this.#accept(), { class: 'accept' });
    this.element = h('div', {
      class: 'listening',
      role: 'group',
      'aria-label': t('dictation.label'),
      hidden: true,
      on: { keydown: (event) => this.#key(event) },
    },
      iconButton(t('dictation.cancel'), kit.icon('close'), () => this.cancel()),
      h('span', { class: 'levels', 'aria-hidden': 'true' }, ...this.bars),
      this.words, this.time, this.accept);
    this.render();
  }

  get offered() {
    return Boolean(this.#kit.options.composer.dictation?.enabled) && canRecord();
  }

  render() {
    this.button.hidden = !this.offered;
  }

  async start() {
    if (this.state !== 'idle') return;
    this.#run += 1;
    const mine = this.#run;
    const recorder = new Recorder();
    this.#recorder = recorder;
    this.#become('asking');
    try {
      if (!(await recorder.start())) return;
    } catch (error) {
      if (mine === this.#run) this.#fail(error);
      return;
    }
    this.#become('listening');
    this.#kit.announce(this.#kit.t('dictation.listening'));
    this.accept.focus();
    this.timer = setInterval(() => this.#tick(), EVERY);
  }

  /** @param {{quietly?: boolean}} [options] `quietly`: without taking the focus */
  cancel({ quietly = false } = {}) {
    if (this.state === 'idle') return;
    this.#run += 1;
    this.#end();
    if (!quietly) this.#told.focus();
  }

  async #accept() {
    if (this.state !== 'listening') return;
    const mine = this.#run;
    clearInterval(this.timer);
    this.#become('writing');
    try {
      const blob = await this.#recorder.stop();
      const words = await this.#kit.files.transcribe(blob);
      if (mine !== this.#run) return;
      this.#end();
      if (words?.trim()) this.#told.text(words.trim());
      else this.#told.say([this.#kit.t('dictation.nothing')]);
    } catch (error) {
      if (mine === this.#run) this.#fail(error);
    }
  }

  #tick() {
    const { seconds } = this.#recorder;
    setText(this.time, `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`);
    this.#levels = [...this.#levels.slice(1), this.#recorder.level()];
    this.bars.forEach((bar, at) => bar.style.setProperty('--level', this.#levels[at].toFixed(2)));
    if (seconds >= LONGEST) this.#accept();
  }

  #become(state) {
    this.state = state;
    this.element.hidden = state === 'idle';
    this.element.dataset.state = state;
    const words = { asking: 'dictation.asking', writing: 'dictation.writing' }[state];
    setText(this.words, words ? this.#kit.t(words) : '');
    if (state === 'asking') setText(this.time, '0:00');
    // Kept in its place, as what has the focus must not go.
    this.accept.setAttribute('aria-disabled', String(state !== 'listening'));
    this.#told.changed();
  }

  #end() {
    clearInterval(this.timer);
    this.#recorder?.release();
    this.#recorder = null;
    this.#levels.fill(0);
    this.#become('idle');
  }

  #fail(error) {
    this.#end();
    this.#told.say([this.#kit.t(reason(error))]);
    if (error?.name !== 'NotAllowedError') this.#kit.report(error);
    this.#told.focus();
  }

  #key(event) {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    this.cancel();
  }

  destroy() {
    this.#run += 1;
    clearInterval(this.timer);
    this.#recorder?.release();
  }
}

/** The key of the words for what went wrong. */
function reason(error) {
  if (error?.name === 'NotAllowedError' || error?.name === 'SecurityError') return 'dictation.denied';
  if (error?.name === 'NotFoundError' || error?.name === 'NotReadableError') return 'dictation.noMicrophone';
  if (error?.status === 413 || error?.code === 'too_large') return 'dictation.tooLong';
  return 'dictation.failed';
}

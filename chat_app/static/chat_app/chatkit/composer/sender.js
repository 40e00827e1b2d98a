/** Sending the message and stopping the answer: one button for both, so that the focus stays where it is. */

import { h, setAttr } from '../../view/dom.js';
import { nameButton } from './named.js';

const TWICE = 500; // ms; the second click of a double click on Send is not meant for Stop

export class Sender {
  #kit;
  #owner;
  #sentAt = 0;
  #face = '';

  waiting = false; // for uploads or the network, to send after them

  /** @param owner the composer: `{state, message(), blank, over, limit, trays, note, cleared(message), sent(), putBack(message, threadId)}` */
  constructor(kit, owner) {
    this.#kit = kit;
    this.#owner = owner;
    this.button = h('button', { type: 'button', class: 'button send', on: { click: (event) => this.#pressed(event) } });
  }

  get stoppable() {
    const { responding, canStop } = this.#owner.state;
    return Boolean(responding && canStop);
  }

  #pressed({ detail: clicks }) {
    if (!this.stoppable) this.submit();
    else if (clicks < 2 || performance.now() - this.#sentAt > TWICE) this.stop();
  }

  stop() {
    if (this.stoppable && !this.#owner.state.stopping) this.#kit.chat.stop();
  }

  /** Whether there is something that could go out, were nothing in its way. */
  get ready() {
    const { state, blank, over, trays, locked, dictating } = this.#owner;
    return state.phase === 'ready' && !locked && !over && !dictating && !trays.now.failed && (!blank || trays.now.count > 0);
  }

  /** What a message has to wait for that could go out otherwise; '' where nothing is. */
  get #held() {
    const { state, trays } = this.#owner;
    if (state.offline) return 'offline';
    return trays.now.uploading ? 'files' : '';
  }

  submit() {
    const { state, note } = this.#owner;
    if (!this.ready) {
      this.#explain();
      return;
    }
    if (state.responding) {
      this.waiting = false;
      note.say([this.#kit.t('composer.busy')], 'busy');
    } else if (this.#held) {
      this.#wait(!this.waiting);
    } else {
      this.waiting = false;
      this.#send();
    }
    this.render();
  }

  #explain() {
    const { over, limit, note } = this.#owner;
    const { t, locale } = this.#kit;
    if (over) note.say([t('composer.tooLong', { limit: new Intl.NumberFormat(locale).format(limit) })], 'long');
  }

  #wait(waiting) {
    const { t } = this.#kit;
    this.waiting = waiting;
    if (this.#held === 'offline') this.#owner.note.say([t(waiting ? 'composer.offlineWaiting' : 'composer.offline')], 'offline');
    else this.#kit.announce(t(waiting ? 'composer.waiting' : 'composer.notWaiting'));
  }

  async #send() {
    const owner = this.#owner;
    const message = owner.message();
    const { threadId } = owner;
    this.#sentAt = performance.now();
    owner.cleared(message);
    try {
      await this.#kit.chat.send(message);
      owner.sent();
    } catch (error) {
      // Whoever sends reports it; here the words are saved.
      owner.putBack(message, threadId);
      owner.note.say([this.#kit.t('composer.notSent'), error?.message].filter(Boolean), 'unsent');
    }
  }

  /** Files, text or state have changed. */
  render() {
    const { state, note, over } = this.#owner;
    if (!state.responding) note.clear('busy');
    if (!over) note.clear('long');
    if (!state.offline || (this.waiting && !this.ready)) note.clear('offline');
    if (!this.ready) this.waiting = false;
    if (this.waiting && !this.#held) {
      this.submit();
      return;
    }
    const stop = this.stoppable;
    const face = stop ? 'stop' : this.waiting ? 'wait' : 'send';
    this.#draw(face);
    setAttr(this.button, 'aria-disabled', (stop ? state.stopping : !this.ready || state.responding) ? 'true' : undefined);
    setAttr(this.button, 'aria-busy', face === 'wait' || (stop && state.stopping) ? 'true' : undefined);
  }

  #draw(face) {
    const waiting = this.#held === 'offline' ? 'waitingOnline' : 'waitingSend';
    const [label, picture] = { stop: ['stop', 'stop'], wait: [waiting, 'spinner'], send: ['send', 'send'] }[face];
    nameButton(this.button, this.#kit.t(`composer.${label}`));
    if (face === this.#face) return;
    this.#face = face;
    this.button.dataset.face = face;
    this.button.replaceChildren(this.#kit.icon(picture));
  }
}

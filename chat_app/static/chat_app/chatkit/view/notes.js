/** What stands below the last message: that an answer is on its way, how it ended, and what the server has to say. */

import { fill, h, iconButton, place, setText } from '../../view/dom.js';
import { Prose } from './prose.js';

const PASSING = 9_000; // ms

export class Notes {
  #notices = new Map();

  constructor(kit) {
    this.kit = kit;
    this.wait = h('div', { class: 'wait', 'aria-hidden': 'true' }, h('i'), h('i'), h('i'));
    this.progress = h('div', { class: 'progress', role: 'status', hidden: true });
    this.stopped = h('p', { class: 'stamp', hidden: true });
    this.error = h('div', { class: 'error-note', role: 'alert', hidden: true });
    this.notices = h('div', { class: 'notices' });
    this.element = h('div', { class: 'notes' }, this.wait, this.progress, this.stopped, this.error, this.notices);
  }

  get any() {
    const { notices, error } = this.kit.store.state;
    return notices.some(({ passing }) => !passing) || error !== null;
  }

  render(state, last) {
    const { t } = this.kit;
    const silent = state.responding && !state.progress && (!last || last.type === 'user_message' || !hasWords(last));
    this.wait.hidden = !silent;
    this.#progressing(state.responding ? state.progress : null);
    this.stopped.hidden = !state.stopped || state.responding;
    if (state.stopped) setText(this.stopped, t('thread.stopped'));
    this.#failed(state);
    this.#noticed(state.notices);
  }

  #progressing(progress) {
    this.progress.hidden = !progress;
    if (!progress || this.shown === progress) return;
    this.shown = progress;
    fill(this.progress, this.kit.icon(progress.icon ?? 'sparkle'), h('span', { dir: 'auto' }, progress.text));
  }

  #failed({ error, responding }) {
    const { kit } = this;
    this.error.hidden = !error || responding;
    if (!error || this.failure === error) return;
    this.failure = error;
    const again = error.reload ? () => kit.threads.open(kit.store.state.threadId, { again: true }) : () => kit.chat.retry(error.after ?? undefined).catch((reason) => kit.report(reason));
    fill(this.error, kit.icon('alert'), h('span', { dir: 'auto' }, error.message),
      (error.retry || error.reload) && h('button', { type: 'button', class: 'button quiet', on: { click: again } }, h('span', {}, kit.t('thread.errorRetry'))));
  }

  #noticed(notices) {
    const rows = new Map();
    for (const notice of notices) rows.set(notice.id, this.#notices.get(notice.id) ?? this.#notice(notice));
    this.#notices = rows;
    place(this.notices, [...rows.values()]);
  }

  #notice({ id, level, title, message, passing }) {
    const { kit } = this;
    const words = h('div', { class: 'notice-text' });
    new Prose(kit, words).update(message, true);
    if (passing) setTimeout(() => kit.dismiss(id), PASSING);
    return h('div', { class: `notice ${level}`, role: level === 'danger' ? 'alert' : 'note' },
      kit.icon(level === 'info' ? 'info' : 'warning'),
      h('div', { class: 'notice-words' }, title && h('p', { class: 'notice-title', dir: 'auto' }, title), words),
      iconButton(kit.t('frame.dismiss'), kit.icon('close'), () => kit.dismiss(id), { class: 'small' }));
  }
}

function hasWords(item) {
  if (item.type !== 'assistant_message') return true;
  return (item.content ?? []).some((part) => part?.text);
}

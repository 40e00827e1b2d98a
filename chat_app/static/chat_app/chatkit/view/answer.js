/** What the assistant said: Markdown that grows, its sources, and what can be done about it. */

import { h, iconButton, setAttr } from '../../view/dom.js';
import { rate, takeBack } from '../actions/rating.js';
import { Facts } from './facts.js';
import { Prose } from './prose.js';

const SHARE = 2; // rest for so many times as long as the last rendering took
const LONGEST = 1_000; // ms
const SAID = 1_800; // ms for which "Copied" stands

export class AnswerView {
  #parts = [];
  #notBefore = 0;

  constructor(kit) {
    this.kit = kit;
    this.text = h('div', { class: 'answer-text', 'data-quotable': true });
    this.sources = h('div', { class: 'sources-slot' });
    this.facts = new Facts(kit, () => this.#retry());
    this.actions = h('div', { class: 'actions', hidden: true });
    const parts = [this.text, this.sources, this.facts.remark, this.actions];
    this.element = h('article', { class: 'message from-model', 'aria-label': kit.t('thread.assistant') }, ...parts);
  }

  update(item) {
    this.item = item;
    this.#write();
  }

  /** It is the last item, or not any more; the answer goes on, or does not. */
  settle({ last, responding }) {
    const running = last && responding;
    const { error, stopped } = this.kit.store.state;
    const told = last && Boolean(error || stopped); // what has just happened is said below
    if (this.running === running && this.isLast === last && this.told === told) return;
    this.isLast = last;
    this.told = told;
    if (running) this.seenRunning = true;
    this.running = running;
    setAttr(this.element, 'aria-busy', running ? 'true' : undefined);
    this.#write();
  }

  /** Show the text; where one block has grown so long that this takes time, less often. */
  #write() {
    clearTimeout(this.later);
    const began = performance.now();
    if (this.running && began < this.#notBefore) {
      this.later = setTimeout(() => this.#write(), this.#notBefore - began);
      return;
    }
    const parts = Array.isArray(this.item?.content) ? this.item.content.filter(Boolean) : [];
    while (this.#parts.length > parts.length) this.#parts.pop().host.remove();
    parts.forEach((part, at) => this.#part(part, at));
    const now = performance.now();
    this.#notBefore = now + Math.min(LONGEST, SHARE * (now - began));
    if (!this.running) this.#finish(parts);
  }

  #part({ text }, at) {
    if (!this.#parts[at]) {
      const host = h('div', { class: 'prose' });
      this.text.append(host);
      this.#parts[at] = new Prose(this.kit, host);
    }
    for (const said of this.#parts[at].update(String(text ?? ''), !this.running)) if (this.seenRunning) this.kit.announcer.soon(said);
  }

  #finish(parts) {
    this.actions.hidden = !this.#words(parts).trim();
    if (!this.actions.hidden && !this.actions.childElementCount) this.#act();
    this.#know();
    const notes = parts.flatMap((part) => notesOf(part)).filter(Boolean);
    const face = JSON.stringify(notes) + this.#words(parts).length;
    if (notes.length === 0 || face === this.noted) return;
    this.noted = face;
    void this.#cite(parts, notes);
  }

  /** Show what the server tells of the answer. */
  #know() {
    const { state, feedback, ...answered } = this.item?.answered ?? { feedback: this.rated };
    const again = Boolean(this.isLast && this.kit.options.threadItemActions.retry);
    this.facts.update({ ...answered, state: this.told ? undefined : state }, { running: Boolean(this.running), again });
    if (this.again) this.again.hidden = !again || !this.facts.remark.hidden; // the remark has the same button
    if (this.good) {
      setAttr(this.good, 'aria-pressed', String(feedback === 'positive'));
      setAttr(this.bad, 'aria-pressed', String(feedback === 'negative'));
    }
  }

  async #cite(parts, notes) {
    const { kit } = this;
    try {
      const [{ Sources }] = await Promise.all([import('../items/annotations.js'), kit.style('items'), kit.style('sources')]);
      if (!this.cited) {
        this.cited = new Sources(kit);
        this.sources.append(this.cited.element);
      }
    } catch (error) {
      kit.report(error);
      return;
    }
    this.cited.update(notes);
    if (this.running) return;
    parts.forEach((part, at) => notesOf(part).length && this.cited.mark(this.#parts[at].host, String(part.text ?? ''), notesOf(part)));
  }

  #words(parts) {
    return parts.map(({ text }) => String(text ?? '')).join('\n\n');
  }

  #act() {
    const { kit } = this;
    const { feedback, retry } = kit.options.threadItemActions;
    this.copy = iconButton(kit.t('thread.copy'), kit.icon('copy'), () => this.#copy(), { class: 'small copy' });
    this.actions.append(this.copy);
    if (feedback) {
      this.good = iconButton(kit.t('thread.good'), kit.icon('up'), () => this.#rate('positive'), { class: 'small', 'aria-pressed': 'false' });
      this.bad = iconButton(kit.t('thread.bad'), kit.icon('down'), () => this.#rate('negative'), { class: 'small', 'aria-pressed': 'false' });
      this.actions.append(this.good, this.bad);
    }
    if (retry) {
      this.again = iconButton(kit.t('thread.retry'), kit.icon('retry'), () => this.#retry(), { class: 'small again' });
      this.actions.append(this.again);
    }
    this.actions.append(this.facts.by);
  }

  async #copy() {
    const { kit } = this;
    let label = 'thread.copied';
    try {
      await navigator.clipboard.writeText(this.#words(this.item.content ?? []));
    } catch {
      label = 'thread.copyFailed'; // no permission, or a page that came over plain HTTP
    }
    this.copy.replaceChildren(kit.icon(label === 'thread.copied' ? 'check' : 'alert'));
    kit.announce(kit.t(label));
    clearTimeout(this.copying);
    this.copying = setTimeout(() => this.copy.replaceChildren(kit.icon('copy')), SAID);
  }

  /** A thumb: another rating, or the same one taken back where the server can do that. */
  #rate(kind) {
    const { kit } = this;
    const back = this.item.answered?.feedback === kind;
    const ids = kit.items.answerOf(this.item.id);
    if (!back) this.rated = kind; // for a server that tells of no ratings
    void (back ? takeBack(kit, ids) : rate(kit, ids, kind));
    kit.announce(kit.t(back ? 'thread.unrated' : 'thread.thanks'));
    this.#know();
  }

  #retry() {
    const { kit } = this;
    const asked = kit.chat.answered.get(this.item.id) ?? kit.items.before(this.item.id, (item) => item.type === 'user_message')?.id;
    kit.chat.retry(asked).catch((error) => kit.report(error)); // a person has been told already
  }

  destroy() {
    clearTimeout(this.later);
    clearTimeout(this.copying);
  }
}

function notesOf({ annotations }) {
  return Array.isArray(annotations) ? annotations : [];
}

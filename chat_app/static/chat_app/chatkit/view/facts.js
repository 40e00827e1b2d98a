/** What the server tells of an answer beside its words: who gave it and what it used, and how it ended where it is not whole. */

import { fill, h, setAttr, setText } from '../../view/dom.js';

export class Facts {
  /** @param {() => void} retry answers once more */
  constructor(kit, retry) {
    Object.assign(this, { kit, retry });
    this.remark = h('div', { class: 'remark', hidden: true });
    this.by = h('span', { class: 'by', dir: 'auto', hidden: true });
  }

  /**
   * @param {object} answered {model, requested_model, state, error, usage}; empty where the server tells nothing
   * @param {{running: boolean, again: boolean}} how `again`: it can be asked for once more
   */
  update(answered, { running, again }) {
    const { model, requested_model: asked, usage } = answered;
    this.by.hidden = running || !model;
    if (model) {
      const names = { name: this.#nameOf(model), other: this.#nameOf(asked) };
      setText(this.by, asked && asked !== model ? this.kit.t('thread.inPlaceOf', names) : names.name);
      setAttr(this.by, 'title', usage && this.#counted(usage));
    }
    const words = running ? '' : this.#end(answered);
    const face = `${words}${again}`;
    if (face === this.face) return;
    this.face = face;
    this.remark.hidden = !words;
    if (!words) return;
    fill(this.remark, this.kit.icon(answered.state === 'cancelled' ? 'stop' : 'alert'), h('span', { dir: 'auto' }, words),
      again && h('button', { type: 'button', class: 'button quiet', on: { click: this.retry } }, h('span', {}, this.kit.t('thread.errorRetry'))));
  }

  #nameOf(id) {
    return this.kit.options.composer.models.find((model) => model.id === id)?.label ?? id;
  }

  #counted({ total_tokens: count, estimated, cost, currency }) {
    const { kit } = this;
    const tokens = kit.t(estimated ? 'thread.aboutTokens' : 'thread.tokens', { count });
    if (!Number(cost)) return tokens;
    const price = kit.number(Number(cost), { style: 'currency', currency, maximumSignificantDigits: 3 });
    return `${tokens} · ${price}`;
  }

  #end({ state, error }) {
    const { t } = this.kit;
    if (state === 'cancelled') return t('thread.stopped');
    if (state === 'interrupted') return t('thread.interrupted');
    return state === 'failed' ? error?.detail || t('thread.error') : '';
  }
}

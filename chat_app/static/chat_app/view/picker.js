/** Which model answers next. */

import { h, setAttr, setText } from './dom.js';
import { icon } from './icons.js';
import { menu } from './menu.js';

export class ModelPicker {
  constructor(app) {
    this.app = app;
    this.name = h('span', { class: 'picker-name' });
    this.mark = h('span', { class: 'badge', hidden: true }, 'unavailable');
    this.button = h('button', { type: 'button', class: 'button picker' }, this.name, this.mark, icon('chevron'));
    this.element = h('div', { class: 'picker-box' }, this.button, menu(this.button, 'Model', () => this.#entries()));
  }

  #entries() {
    const { models, model } = this.app.store.state;
    return models.map((one) => ({
      label: one.label || one.id,
      detail: one.available === false ? [one.description, 'another may answer'].filter(Boolean).join(' · ') : one.description,
      badge: one.available === false ? 'unavailable' : one.default ? 'default' : undefined,
      checked: one.id === model,
      run: () => this.app.session.chooseModel(one.id),
    }));
  }

  render({ models, model }) {
    const chosen = models.find((one) => one.id === model);
    this.element.hidden = models.length === 0;
    setText(this.name, chosen?.label ?? 'Model');
    this.mark.hidden = chosen?.available !== false;
    setAttr(this.button, 'aria-label', `Model: ${chosen?.label ?? 'none'}${chosen?.available === false ? ', unavailable' : ''}`);
  }
}

/** Choosing the model that answers. The person's choice is kept for this browser as long as there is such a model. */

import { h, setAttr, setText } from '../../view/dom.js';
import { keepModel, keptModel } from './keep.js';
import { menu } from './menu.js';

export class Models {
  #kit;
  #menu;

  chosen; // since the page was opened; undefined where nobody has chosen

  constructor(kit) {
    this.#kit = kit;
    const words = kit.t('composer.model');
    this.name = h('span', { class: 'model-name', dir: 'auto' });
    this.trigger = h('button', { type: 'button', class: 'button model-trigger' }, this.name, kit.icon('chevron-down'));
    this.#menu = menu(kit, this.trigger, words, () => this.#entries(), { end: true, above: true });
    this.element = h('div', { class: 'models' }, this.trigger);
    this.render();
  }

  get all() {
    return this.#kit.options.composer.models;
  }

  #usable(id) {
    return this.all.find((model) => model.id === id && !model.disabled);
  }

  /** The chosen one, else the one that was chosen last in this browser, else the default, else the first. */
  get model() {
    const enabled = this.all.filter(({ disabled }) => !disabled);
    return this.#usable(this.chosen) ?? this.#usable(keptModel()) ?? enabled.find((model) => model.default) ?? enabled[0];
  }

  has(id) {
    return Boolean(this.#usable(id));
  }

  /** The app's choice: for as long as the page is open. */
  set(id) {
    this.chosen = id;
    this.render();
  }

  choose(id) {
    this.set(id);
    keepModel(id);
  }

  render() {
    const label = this.model?.label ?? '';
    this.element.hidden = !this.model;
    setText(this.name, label);
    setAttr(this.trigger, 'aria-label', this.#kit.t('composer.modelNow', { name: label }));
    setAttr(this.trigger, 'title', this.#kit.t('composer.model'));
  }

  #entries() {
    return this.all.map((model) => ({
      label: model.label,
      detail: model.description,
      checked: model.id === this.model?.id,
      disabled: model.disabled,
      run: () => this.choose(model.id),
    }));
  }

  destroy() {
    this.#menu.remove();
    this.element.remove();
  }
}

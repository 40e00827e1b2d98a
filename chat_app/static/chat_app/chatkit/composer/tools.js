/** Choosing a tool for the message: a menu, and buttons for those that are pinned. */

import { h, iconButton, setAttr } from '../../view/dom.js';
import { menu } from './menu.js';
import { picture } from './tags.js';

export class Tools {
  #kit;
  #changed;
  #pinned = new Map(); // id -> button
  #menu;

  selected = null; // the id of the chosen tool

  constructor(kit, changed) {
    this.#kit = kit;
    this.#changed = changed;
    this.element = h('div', { class: 'tools', role: 'group', 'aria-label': kit.t('composer.tools') });
    this.#build();
  }

  get all() {
    return this.#kit.options.composer.tools;
  }

  get tool() {
    return this.all.find(({ id }) => id === this.selected);
  }

  has(id) {
    return id === null || this.all.some((tool) => tool.id === id);
  }

  choose(id) {
    if (id === this.selected) return;
    this.selected = id;
    this.render();
    this.#kit.emit('tool.change', { toolId: id });
    this.#changed();
  }

  /** Take a choice over that was made before the options changed. */
  keep(id) {
    if (!this.has(id)) this.#kit.emit('tool.change', { toolId: null });
    else this.selected = id;
    this.render();
  }

  /** A message has gone out. */
  sent() {
    if (this.tool && !this.tool.persistent) this.choose(null);
  }

  #build() {
    const { t } = this.#kit;
    for (const tool of this.all.filter(({ pinned }) => pinned)) this.#pinned.set(tool.id, this.#pin(tool));
    if (this.all.length > this.#pinned.size) {
      const words = t('composer.tools');
      this.trigger = h('button', { type: 'button', class: 'button tool-trigger', 'aria-label': words, title: words },
        this.#kit.icon('tools'), h('span', { class: 'tool-words' }, words));
      this.#menu = menu(this.#kit, this.trigger, words, () => this.#entries(), { above: true });
    }
    this.chosen = h('span', { class: 'tool-chosen', hidden: true });
    this.element.append(...[this.trigger, ...this.#pinned.values(), this.chosen].filter(Boolean));
    this.element.hidden = this.all.length === 0;
    this.render();
  }

  #pin(tool) {
    return h('button', {
      type: 'button',
      class: 'button tool-pin',
      title: tool.label,
      'aria-label': tool.label,
      on: { click: () => this.choose(this.selected === tool.id ? null : tool.id) },
    },
      picture(this.#kit, tool.icon, 'tool-icon'),
      h('span', { class: 'tool-words', dir: 'auto' }, tool.shortLabel ?? tool.label));
  }

  #entries() {
    return this.all.filter(({ pinned }) => !pinned).map((tool) => ({
      label: tool.label,
      picture: picture(this.#kit, tool.icon),
      checked: tool.id === this.selected,
      run: () => this.choose(tool.id === this.selected ? null : tool.id),
    }));
  }

  render() {
    for (const [id, button] of this.#pinned) setAttr(button, 'aria-pressed', String(id === this.selected));
    const { tool } = this;
    const apart = tool && !tool.pinned;
    const held = this.chosen.contains(this.chosen.getRootNode().activeElement);
    this.chosen.hidden = !apart;
    this.trigger?.classList.toggle('tool-quiet', Boolean(apart));
    this.chosen.replaceChildren(...(apart ? this.#chip(tool) : []));
    if (held) (this.chosen.querySelector('button') ?? this.trigger)?.focus();
  }

  #chip(tool) {
    const words = this.#kit.t('composer.clearTool', { name: tool.label });
    return [
      picture(this.#kit, tool.icon, 'tool-icon'),
      h('span', { class: 'tool-words', dir: 'auto' }, tool.shortLabel ?? tool.label),
      iconButton(words, this.#kit.icon('close'), () => this.choose(null), { class: 'tool-clear' }),
    ].filter(Boolean);
  }

  destroy() {
    this.#menu?.remove();
    this.element.remove();
  }
}

/** The sources of an answer: numbered marks where the text refers to them, and the list below it. */

import { h, setAttr, setText } from '../../view/dom.js';
import { object, text } from '../widgets/values.js';
import { findPlace } from './place.js';
import { hoverCard } from './hovercard.js';
import { cardOf, detailOf, iconOf, sourceElement, sourceKey, titleOf } from './source.js';

let made = 0;

export class Sources {
  constructor(kit) {
    this.kit = kit;
    this.marks = [];
    this.list = h('ol', { class: 'sources-list', role: 'list', id: `sources-${(made += 1)}`, hidden: true });
    this.words = h('span');
    this.faces = h('span', { class: 'sources-faces', 'aria-hidden': 'true' });
    this.button = h(
      'button',
      {
        type: 'button',
        class: 'sources-button',
        'aria-expanded': 'false',
        'aria-controls': this.list.id,
        on: { click: () => this.#toggle() },
      },
      this.faces,
      this.words,
      kit.icon('chevron-down'),
    );
    this.element = h('div', { class: 'sources', hidden: true }, this.button, this.list);
  }

  /** @param {object[]} annotations of a message, of all its parts in order; the same source twice is one source */
  update(annotations) {
    const given = Array.isArray(annotations) ? annotations : [];
    const face = JSON.stringify(given);
    if (face === this.face) return;
    this.face = face;
    this.notes = given.map(object).filter((note) => note.source && typeof note.source === 'object');
    this.sources = new Map();
    for (const { source } of this.notes)
      if (titleOf(source) && !this.sources.has(sourceKey(source))) this.sources.set(sourceKey(source), source);
    this.#draw();
  }

  #draw() {
    const all = [...this.sources.values()];
    this.element.hidden = all.length === 0;
    setText(this.words, this.kit.t('thread.sources', { count: all.length }));
    const icons = [...new Set(all.map(iconOf))].slice(0, 3);
    this.faces.replaceChildren(...icons.map((name) => h('span', {}, this.kit.icon(name))));
    this.list.replaceChildren(...all.map((source, at) => h('li', {}, this.#row(source, at + 1))));
  }

  #row(source, number) {
    const row = sourceElement(
      this.kit,
      source,
      { class: 'source' },
      h('span', { class: 'source-number', 'aria-hidden': 'true' }, String(number)),
      h('span', { class: 'source-icon' }, this.kit.icon(iconOf(source))),
      h(
        'span',
        { class: 'source-words' },
        h('span', { class: 'source-title', dir: 'auto' }, titleOf(source)),
        detailOf(source) && h('span', { class: 'source-from', dir: 'auto' }, detailOf(source)),
      ),
    );
    if (source.type === 'entity') hoverCard(this.kit, row, () => cardOf(this.kit, source));
    return row;
  }

  #toggle() {
    this.list.hidden = !this.list.hidden;
    setAttr(this.button, 'aria-expanded', String(!this.list.hidden));
  }

  /**
   * Put the marks into the rendered text. Only once it will not change any more: what renders it again takes them away.
   * @param {HTMLElement} prose the rendered text
   * @param {string} markdown what it was rendered from, to which the indices refer
   * @param {object[]} [annotations] of this part of the message; all of them where it has but one part
   */
  mark(prose, markdown, annotations = this.notes) {
    for (const mark of this.marks.filter((old) => prose.contains(old))) mark.remove();
    this.marks = this.marks.filter((old) => old.isConnected);
    const numbers = new Map([...this.sources.keys()].map((key, at) => [key, at + 1]));
    const placed = (annotations ?? []).filter(
      (note) => Number.isInteger(note?.index) && numbers.has(sourceKey(object(note.source))),
    );
    const spots = placed.map((note) => ({ note, spot: findPlace(prose, markdown, note.index) })).filter(({ spot }) => spot);
    for (const { note, spot } of spots.reverse()) {
      // from the end, so that the places before stay where they are
      const mark = this.#mark(note.source, numbers.get(sourceKey(note.source)));
      this.marks.push(mark);
      spot.insertNode(mark);
    }
  }

  #mark(source, number) {
    const label = this.kit.t('sources.number', { number, title: titleOf(source) });
    const inline = source.type === 'entity' ? text(source.inline_label) : '';
    const icon = source.type === 'entity' && !inline && text(source.icon);
    const chip = sourceElement(
      this.kit,
      source,
      { class: 'cite', 'aria-label': label },
      inline ? h('span', { dir: 'auto' }, inline) : icon ? this.kit.icon(icon) : String(number),
    );
    if (chip.tagName === 'SPAN') {
      chip.tabIndex = 0;
      chip.setAttribute('role', 'note');
    }
    hoverCard(this.kit, chip, () => cardOf(this.kit, source));
    return h('sup', { class: 'cite-at' }, chip);
  }
}

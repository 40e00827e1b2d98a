/**
 * The files of one unsent message: what is on its way up, what has arrived, what failed. It outlives that another thread is
 * shown. How a file looks is filechip.js's; which files may come in is filerules.js's.
 */

import { h, place, setAttr } from '../../view/dom.js';
import { FileChip } from './filechip.js';
import { sift, sizeWords } from './filerules.js';

export class Tray {
  #kit;
  #told;
  #chips = [];

  /** @param told {changed(), focus(), say(words[])}: the files have changed; the last is gone; some were refused, and why */
  constructor(kit, told) {
    this.#kit = kit;
    this.#told = told;
    this.element = h('ul', { class: 'tray', 'aria-label': kit.t('attachments.label'), hidden: true });
  }

  /** Another language. */
  speak() {
    setAttr(this.element, 'aria-label', this.#kit.t('attachments.label'));
    for (const chip of this.#chips) chip.speak();
  }

  get count() {
    return this.#chips.length;
  }

  get uploading() {
    return this.#chips.some(({ state }) => state === 'uploading');
  }

  get failed() {
    return this.#chips.some(({ state }) => state === 'failed');
  }

  /** Those that have arrived. */
  get attachments() {
    return this.#chips.filter(({ state }) => state === 'ready').map(({ attachment }) => attachment);
  }

  /** Upload what may be attached, and say of the rest why it may not. @param {Iterable<File>} files */
  add(files) {
    const { taken, refused } = sift([...files], this.count, this.#kit.options.composer.attachments);
    if (refused.length) this.#told.say(this.#refusals(refused));
    for (const file of taken) this.#put({ file }).upload();
    if (taken.length) this.#changed();
  }

  /** Make these the files: uploaded ones. */
  set(attachments) {
    const wanted = new Set(attachments.map(({ id }) => id));
    for (const chip of this.#chips) chip.drop({ keep: wanted.has(chip.attachment?.id) });
    this.#chips = [];
    for (const attachment of attachments) this.#put({ attachment });
    this.#changed();
  }

  /** Empty it for a message that goes out: nothing is deleted. */
  clear() {
    for (const chip of this.#chips) chip.drop({ keep: true });
    this.#chips = [];
    this.#changed();
  }

  /** Put files back that a message could not take along. */
  restore(attachments) {
    for (const attachment of attachments.toReversed()) this.#put({ attachment }, 'unshift');
    this.#changed();
  }

  #put(source, how = 'push') {
    const chip = new FileChip(this.#kit, source, {
      changed: () => this.#changed(),
      removed: () => this.#remove(chip),
    });
    this.#chips[how](chip);
    return chip;
  }

  #remove(chip) {
    const at = this.#chips.indexOf(chip);
    if (at < 0) return;
    const held = chip.element.contains(chip.element.getRootNode().activeElement);
    this.#chips.splice(at, 1);
    chip.drop({ keep: false });
    this.#changed();
    this.#kit.announce(this.#kit.t('attachments.removed', { name: chip.name }));
    if (held) (this.#chips[Math.min(at, this.count - 1)] ?? this.#told).focus();
  }

  #changed() {
    place(this.element, this.#chips.map(({ element }) => element));
    this.element.hidden = this.count === 0;
    this.#told.changed();
  }

  /** At most three by name: whoever drops a folder is not to read a list. */
  #refusals(refused) {
    const { t, locale } = this.#kit;
    const counted = refused.find(({ why }) => why === 'count');
    const named = refused.filter(({ why }) => why !== 'count');
    const lines = named.slice(0, 3).map(({ file, why, limit }) =>
      t(`attachments.refused.${why}`, { name: file.name, limit: limit === undefined ? '' : sizeWords(limit, locale) }));
    if (named.length > 3) lines.push(t('attachments.refused.more', { count: named.length - 3 }));
    if (counted) lines.push(t('attachments.refused.count', { count: counted.limit }));
    return lines;
  }

  destroy() {
    for (const chip of this.#chips) chip.drop({ keep: true });
    this.#chips = [];
    this.element.remove();
  }
}

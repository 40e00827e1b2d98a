/** What the composer has to say, above the field until dismissed: why a file was refused, why a message did not go out. */

import { fill, h, iconButton } from '../../view/dom.js';
import { nameButton } from './named.js';

export class Note {
  #kit;

  constructor(kit, told) {
    this.#kit = kit;
    this.words = h('div', { class: 'composer-note-words', role: 'alert' });
    this.away = iconButton(kit.t('composer.dismiss'), kit.icon('close'), () => {
      this.clear();
      told.focus();
    }, { class: 'file-act', hidden: true });
    this.element = h('div', { class: 'composer-note' }, kit.icon('alert', { class: 'note-icon' }), this.words, this.away);
    this.clear();
  }

  /** Another language; what has been said stays as it was said. */
  speak() {
    nameButton(this.away, this.#kit.t('composer.dismiss'));
  }

  /** @param {string[]} lines @param {string} [kind] what it is about, so that it can be taken back when that is over */
  say(lines, kind = '') {
    this.kind = kind;
    fill(this.words, ...lines.map((line) => h('p', { dir: 'auto' }, line)));
    this.element.classList.remove('quiet');
    this.away.hidden = false;
  }

  /** Take it back; only what is about `kind`, where that is given. */
  clear(kind) {
    if (kind !== undefined && kind !== this.kind) return;
    this.kind = '';
    fill(this.words);
    // Not `hidden`: what is to be read out when it changes must be there before.
    this.element.classList.add('quiet');
    this.away.hidden = true;
  }
}

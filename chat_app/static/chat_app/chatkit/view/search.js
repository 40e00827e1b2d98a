/** The field above the list of conversations, in which one looks for some of them. */

import { h, iconButton, setAttr } from '../../view/dom.js';

const LONGEST = 200; // characters that the server looks for

export class Search {
  constructor(kit) {
    this.kit = kit;
    this.field = h('input', {
      type: 'search', class: 'input', dir: 'auto', maxlength: LONGEST, autocomplete: 'off', enterkeyhint: 'search',
      on: { input: () => this.#changed(), keydown: (event) => this.#key(event) },
    });
    this.wipe = iconButton('', kit.icon('close'), () => this.clear(), { class: 'small', hidden: true });
    this.element = h('div', { class: 'history-search', role: 'search' }, kit.icon('search'), this.field, this.wipe);
  }

  configure() {
    const { kit } = this;
    this.element.hidden = !(kit.options.history.showSearch && kit.transport.connection);
    setAttr(this.field, 'aria-label', kit.t('history.search'));
    setAttr(this.field, 'placeholder', kit.t('history.searchHint'));
    for (const name of ['aria-label', 'title']) setAttr(this.wipe, name, kit.t('history.searchClear'));
    if (this.element.hidden) this.reset();
  }

  render({ search }, phase) {
    if (!search && this.field.value.trim()) this.field.value = ''; // another server's list
    this.field.disabled = phase !== 'ready';
    this.wipe.hidden = !this.field.value;
  }

  /** Look once more for the same. */
  again() {
    this.kit.threads.found.search(this.field.value.trim(), { soon: false });
  }

  clear() {
    this.reset();
    this.field.focus();
  }

  reset() {
    if (!this.field.value) return;
    this.field.value = '';
    this.#changed();
  }

  #changed() {
    const query = this.field.value.trim();
    this.wipe.hidden = !this.field.value;
    if (query !== (this.kit.store.state.history.search?.query ?? '')) this.kit.threads.found.search(query);
  }

  #key(event) {
    if (event.isComposing) return;
    if (event.key === 'Enter') this.again();
    if (event.key !== 'Escape' || !this.field.value) return;
    event.preventDefault(); // an empty field leaves it to the panel
    this.clear();
  }
}

/**
 * What helps while one types: finds the word behind the caret that asks for something ('@…', '/…'), asks its source for
 * rows, and replaces the word by what was chosen. What there is to choose is a source's (mentions.js, commands.js).
 *
 * A source is `{label, wait, pattern(going), rows(query), choose(row, assist, current), begin?(), back?()}`. `pattern` gives
 * what the text before the caret must end in, with the asking word as group 1 and the query as group 2, or null while the
 * source has nothing to offer; `rows` and `choose` may take their time, and `current()` tells whether the word is still there
 * then; `back` goes back a menu and returns whether there was one.
 */

import { isBlank, ofText } from './content.js';
import { Suggest } from './suggest.js';

const SLOW = 250; // ms until it is said that a search is on

export class Assist {
  #kit;
  #field;
  #sources;
  #token = null; // {source, start, end, query}
  #asked = 0; // the latest search: an older one's answer is of no use
  #pending = false;
  #submit;
  #hasty = false; // Enter came before the rows did: the first of them is meant, and else the message
  #found = 0;
  #dismissed = null;

  constructor(kit, field, sources, anchor, submit) {
    this.#submit = submit;
    this.#kit = kit;
    this.#field = field;
    this.#sources = sources;
    this.suggest = new Suggest(kit, field.element, anchor, (row) => this.#choose(row));
  }

  get token() {
    return this.#token;
  }

  /** The text or the caret has changed. */
  update() {
    const token = this.#find();
    const before = this.#token;
    if (!token || same(token, this.#dismissed)) {
      if (!token) this.#dismissed = null;
      this.close();
      return;
    }
    this.#token = token;
    if (same(token, before) && token.query === before.query) return;
    if (!same(token, before)) {
      this.#found = 0;
      token.source.begin?.();
    } else if (/\s/.test(token.query) && !this.#found && !this.#pending) {
      this.dismiss(); // a sentence, not a name: nothing was found for its first word
      return;
    }
    this.#ask();
  }

  /** Ask the source anew, for its menu has changed. */
  again() {
    if (this.#token) this.#ask(0);
  }

  close() {
    clearTimeout(this.timer);
    clearTimeout(this.slow);
    this.#asked += 1;
    this.#pending = false;
    this.#token = null;
    this.suggest.close();
  }

  /** Close, and stay closed for this word. */
  dismiss() {
    this.#dismissed = this.#token;
    this.close();
  }

  /** Put content in the place of the asking word. */
  replace(content) {
    const { start, end } = this.#token;
    this.#field.replace({ start, end }, content);
    this.#field.focus();
  }

  /** The asking word with an empty query. */
  retype() {
    const { start, end, sign } = this.#token;
    this.#token = { ...this.#token, query: '', end: start + sign.length };
    this.#field.replace({ start, end }, ofText(sign));
    this.again();
  }

  /** @returns {boolean} whether the key was for the list */
  key(event) {
    const { key } = event;
    if (!this.suggest.open && !(this.#pending && key === 'Enter')) return false;
    if (key === 'Escape') {
      if (this.#token?.source.back?.()) this.again();
      else this.dismiss();
      return true;
    }
    if (key === 'ArrowDown' || key === 'ArrowUp') {
      if (!this.suggest.active || event.shiftKey) return false;
      this.suggest.move(key === 'ArrowDown' ? 1 : -1);
      return true;
    }
    if (key === 'Backspace' && this.#token?.query === '' && this.#token.source.back?.()) {
      this.again();
      return true;
    }
    if ((key !== 'Enter' && key !== 'Tab') || event.shiftKey) return false;
    if (this.#pending) {
      this.#hasty = key === 'Enter'; // the rows shown are those of another query
      return this.#hasty;
    }
    if (!this.suggest.active) return false;
    this.#choose(this.suggest.active);
    return true;
  }

  #find() {
    const behind = this.#field.behind();
    if (!behind || !this.#field.focused) return null;
    for (const source of this.#sources) {
      const match = source.pattern(this.#token?.source === source)?.exec(behind.text);
      if (!match) continue;
      const [, word, query] = match;
      const sign = word.slice(0, word.length - query.length);
      return { source, sign, query, start: behind.place - word.length, end: behind.place };
    }
    return null;
  }

  #ask(wait) {
    const { source, query } = this.#token;
    this.#asked += 1;
    this.#pending = true;
    this.#hasty = false;
    const mine = this.#asked;
    this.suggest.busy = true;
    clearTimeout(this.timer);
    clearTimeout(this.slow);
    this.slow = setTimeout(() => this.suggest.show(source.label, [], this.#kit.t('composer.searching')), SLOW);
    this.timer = setTimeout(() => this.#search(source, query, mine), wait ?? (this.suggest.open ? source.wait : 0));
  }

  async #search(source, query, mine) {
    let rows = [];
    let note = '';
    try {
      rows = await source.rows(query);
      if (!rows.length) note = this.#kit.t('composer.noMatches');
    } catch (error) {
      this.#kit.report(error);
      note = this.#kit.t('composer.searchFailed');
    }
    if (mine !== this.#asked) return;
    clearTimeout(this.slow);
    this.#pending = false;
    this.#found = rows.length;
    this.suggest.show(source.label, rows, note);
    if (this.#hasty) this.#enter();
    else this.#kit.announce(note || this.#kit.t('composer.matches', { count: rows.length }));
  }

  #enter() {
    this.#hasty = false;
    if (this.suggest.active) {
      this.#choose(this.suggest.active);
      return;
    }
    this.dismiss();
    this.#submit();
  }

  async #choose(row) {
    const token = this.#token;
    if (!token) return;
    this.suggest.busy = true;
    try {
      await token.source.choose(row, this, () => same(this.#token, token));
    } catch (error) {
      this.#kit.report(error);
      if (same(this.#token, token)) this.suggest.show(token.source.label, [], this.#kit.t('composer.commandFailed'));
    } finally {
      this.suggest.busy = false;
    }
  }

  /** Write `sign` at the caret, as if typed, set off from the word before it. */
  start(sign) {
    this.#dismissed = null;
    this.#field.focus();
    const { text } = this.#field.behind() ?? { text: '' };
    const apart = isBlank(this.#field.content()) || text === '' || /\s$/.test(text);
    this.#field.insert(ofText(apart ? sign : ` ${sign}`));
    this.update();
  }

  destroy() {
    this.close();
    this.suggest.destroy();
  }
}

function same(one, other) {
  return Boolean(one && other) && one.source === other.source && one.start === other.start;
}

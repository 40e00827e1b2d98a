/**
 * What undo goes back to: the field's contents, one after another. A browser's own undo knows nothing of tags, and forgets all
 * once a script has changed the field.
 */

const MOST_STATES = 200;
const MOST_UNITS = 2_000_000; // in all: a hundred states of a long message are a lot of memory
const TOGETHER = 900; // ms; typing without a pause is undone at once

export class Past {
  #states = [{ content: [], place: 0, units: 0 }];
  #at = 0;
  #kind = null;
  #when = 0;

  /** Start anew, with nothing to go back to. */
  reset(content) {
    this.#states = [state(content, 0)];
    this.#at = 0;
    this.#kind = null;
  }

  /** Remember how it is now; `kind` tells what made it so: one kind in a row is one step. */
  record(content, place, kind) {
    const now = Date.now();
    const joined = kind !== null && kind === this.#kind && now - this.#when < TOGETHER && this.#at > 0;
    this.#kind = kind;
    this.#when = now;
    this.#states.length = this.#at + 1;
    if (joined) this.#states[this.#at] = state(content, place);
    else this.#states.push(state(content, place));
    this.#at = this.#states.length - 1;
    this.#forget();
  }

  #forget() {
    let units = this.#states.reduce((sum, { units: own }) => sum + own, 0);
    while (this.#states.length > 2 && (this.#states.length > MOST_STATES || units > MOST_UNITS)) {
      units -= this.#states.shift().units;
      this.#at -= 1;
    }
  }

  /** The state before this one (`by` = -1) or after it (1), or undefined at either end. */
  move(by) {
    const found = this.#states[this.#at + by];
    if (found) this.#at += by;
    this.#kind = null;
    return found;
  }
}

function state(content, place) {
  return { content, place, units: content.reduce((sum, { text }) => sum + text.length, 0) };
}

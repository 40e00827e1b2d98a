/** Select: the browser's own list, or one that is searched by typing where the server wants it or the list is long. */

import { fill, h } from '../../view/dom.js';
import { Choice, labelOf, optionsOf } from './picker.js';
import { SearchSelect } from './search.js';
import { text } from './values.js';

const MANY = 15; // options; more of them are searched unless the server says otherwise

/** Which of the two it is cannot change where it stands: `shape` makes another view of it. */
export class Select {
  static shape(spec) {
    return searched(spec) ? 'searched' : '';
  }

  constructor(cx, spec) {
    return searched(spec) ? new SearchSelect(cx) : new PlainSelect(cx);
  }
}

function searched(spec) {
  return typeof spec.searchable === 'boolean' ? spec.searchable : optionsOf(spec).length > MANY;
}

class PlainSelect extends Choice {
  constructor(cx) {
    super(cx, h('select', { class: 'w-native', dir: 'auto' }));
  }

  update(spec) {
    const fresh = this.base(spec);
    const value = fresh ? text(spec.defaultValue) : this.control.value;
    if (this.take(spec)) this.#fill();
    this.control.value = this.option(value) ? value : '';
    this.frameOf(spec);
    this.shows();
  }

  #fill() {
    fill(
      this.control,
      h('option', { value: '', disabled: true, hidden: true }, this.prompt),
      ...this.options.map((option) =>
        h(
          'option',
          { value: text(option.value), disabled: option.disabled === true, title: text(option.description) || undefined },
          labelOf(option),
        ),
      ),
    );
  }
}

/** Words: Title, Caption, Text (its editable form is a field, in fields.js) and Markdown. Text that streams only grows. */

import { StreamedMarkdown } from '../../render/stream.js';
import { h, setAttr } from '../../view/dom.js';
import { EditableText } from './editable.js';
import { cutClasses, setStyles, setVariant, textStyles } from './styles.js';
import { count, measure, oneOf, text } from './values.js';

const TEXT_SIZES = ['xs', 'sm', 'md', 'lg', 'xl'];
const TITLE_SIZES = ['sm', 'md', 'lg', 'xl', '2xl', '3xl', '4xl', '5xl'];

class Words {
  constructor(tag, name, sizes, size) {
    this.given = { sizes, size };
    this.element = h(tag, { class: `w-words ${name}`, dir: 'auto' });
  }

  update(spec) {
    setVariant(this.element, 'w-t-', oneOf(spec.size, this.given.sizes, this.given.size));
    setStyles(this.element, textStyles(spec));
    cutClasses(this.element, spec);
    grow(this.element, text(spec.value));
    setAttr(this.element, 'title', spec.truncate === true && text(spec.value));
  }
}

/** A heading below those of the page around the chat, whatever its size: size is looks, not rank. */
export class Title extends Words {
  constructor() {
    super('h2', 'w-title', TITLE_SIZES, 'md');
  }
}

export class Caption extends Words {
  constructor() {
    super('p', 'w-caption', ['sm', 'md', 'lg'], 'md');
  }
}

export class Text extends Words {
  static shape(spec) {
    return spec.editable && typeof spec.editable === 'object' ? 'editable' : '';
  }

  constructor(cx, spec) {
    super('p', 'w-text', TEXT_SIZES, 'md');
    if (Text.shape(spec) !== 'editable') return;
    this.field = new EditableText(cx, spec);
    this.element = this.field.element;
  }

  update(spec) {
    if (this.field) this.field.update(spec);
    else super.update(spec);
    const { element } = this;
    if (this.field) setVariant(element, 'w-t-', oneOf(spec.size, TEXT_SIZES, 'md'));
    element.classList.toggle('w-italic', spec.italic === true);
    element.classList.toggle('w-struck', spec.lineThrough === true);
    element.classList.toggle('w-streaming', spec.streaming === true);
    const least = count(spec.minLines, 1, 200);
    setStyles(element, { width: measure(spec.width), '--w-least-lines': least === undefined ? undefined : String(least) });
    element.classList.toggle('w-tall', least !== undefined);
  }

  destroy() {
    this.field?.destroy();
  }
}

export class Markdown {
  constructor() {
    this.element = h('div', { class: 'w-markdown prose' });
    this.markdown = new StreamedMarkdown(this.element);
  }

  update(spec) {
    this.markdown.update(text(spec.value), spec.streaming !== true);
  }
}

/** Make the text be `words`, adding to what is there where that is its beginning, so that a selection stays. */
function grow(element, words) {
  const node = element.firstChild;
  if (node?.nodeType === Node.TEXT_NODE && words.length >= node.length && words.startsWith(node.data)) {
    if (words.length > node.length) node.appendData(words.slice(node.length));
  } else element.textContent = words;
}

/** Tasks: something that the assistant did or is doing. `TaskBody` is what is in one, in a workflow as well as alone. */

import { StreamedMarkdown } from '../../render/stream.js';
import { fill, h, setText } from '../../view/dom.js';
import { oneOf, object, text } from '../widgets/values.js';
import { detailOf, iconOf, siteOf, sourceElement, titleOf } from './source.js';

const KINDS = { custom: 'dot', web_search: 'globe', thought: 'brain', file: 'document', image: 'square-image' };
const NAMES = { web_search: 'task.search', thought: 'task.thought', file: 'task.files', image: 'task.image' };
const SHOWN = 12;

/** @returns {string} a task's title, or words for its kind */
export function taskTitle(kit, task) {
  const own = text(task.title) || (task.type === 'web_search' ? text(task.title_query) : '');
  return own || (Object.hasOwn(NAMES, task.type) ? kit.t(NAMES[task.type]) : '');
}

/** One task as a row: a mark, a title, and what it found or thought. */
export class TaskRow {
  /** @param {{states?: boolean}} [options] whether the mark shows how far the task is: only within a workflow */
  constructor(kit, { states = false } = {}) {
    this.kit = kit;
    this.states = states;
    this.mark = h('span', { class: 'task-mark' });
    this.title = h('p', { class: 'task-title', dir: 'auto' });
    this.state = h('span', { class: 'hidden' });
    this.prose = h('div', { class: 'prose task-prose', hidden: true });
    this.markdown = new StreamedMarkdown(this.prose);
    this.queries = h('ul', { class: 'task-chips', role: 'list', hidden: true });
    this.sources = h('ul', { class: 'task-chips', role: 'list', hidden: true });
    this.element = h(
      states ? 'li' : 'div',
      { class: 'task' },
      this.mark,
      h(
        'div',
        { class: 'task-body' },
        h('div', { class: 'task-head' }, this.title, this.state),
        this.prose,
        this.queries,
        this.sources,
      ),
    );
  }

  update(given) {
    const task = object(given);
    const state = this.states ? oneOf(task.status_indicator, ['none', 'loading', 'complete'], 'none') : 'none';
    const title = taskTitle(this.kit, task);
    setText(this.title, title);
    this.title.hidden = !title;
    this.element.classList.toggle('untitled', !title);
    setText(this.state, state === 'none' ? '' : `: ${this.kit.t(`task.${state}`)}`);
    this.#mark(task, state);
    const content = text(task.content);
    this.prose.hidden = !content;
    this.markdown.update(content, state !== 'loading');
    const queries = (Array.isArray(task.queries) ? task.queries : []).map(text).filter((query) => query && query !== title);
    this.#chips(this.queries, queries, (query) =>
      h('span', { class: 'task-chip', dir: 'auto' }, this.kit.icon('search'), query),
    );
    const sources = (Array.isArray(task.sources) ? task.sources : []).map(object).filter(titleOf);
    this.#chips(this.sources, sources, (source) => this.#source(source));
  }

  #mark(task, state) {
    const own = task.type === 'custom' ? text(task.icon) : '';
    const kind = own || (Object.hasOwn(KINDS, task.type) ? KINDS[task.type] : 'dot');
    const name = state === 'loading' ? 'spinner' : state === 'complete' && kind === 'dot' ? 'check' : kind;
    this.mark.classList.toggle('task-done', state === 'complete');
    this.mark.classList.toggle('task-dot', name === 'dot');
    if (this.name === name) return;
    this.name = name;
    fill(this.mark, name === 'spinner' ? h('span', { class: 'spinner' }) : this.kit.icon(name));
  }

  #chips(list, values, draw) {
    const face = JSON.stringify(values);
    if (face === list.face) return;
    list.face = face;
    list.hidden = values.length === 0;
    const more = values.length - SHOWN;
    fill(
      list,
      ...values.slice(0, SHOWN).map((value) => h('li', {}, draw(value))),
      more > 0 && h('li', {}, h('span', { class: 'task-chip' }, `+${more}`)),
    );
  }

  #source(source) {
    const words = source.type === 'url' ? siteOf(source.url) || titleOf(source) : titleOf(source);
    return sourceElement(
      this.kit,
      source,
      { class: 'task-chip', title: [titleOf(source), detailOf(source)].filter(Boolean).join(' · ') },
      this.kit.icon(iconOf(source)),
      h('span', { class: 'task-chip-words', dir: 'auto' }, words),
    );
  }
}

/** A task that is an item of its own. */
export class TaskView {
  constructor(kit, item) {
    this.row = new TaskRow(kit);
    this.element = h('div', { class: 'task-card' }, this.row.element);
    this.update(item);
  }

  update(item) {
    this.row.update(item.task);
  }

  destroy() {}
}

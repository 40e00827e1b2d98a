/** A workflow: what the assistant did on the way to its answer, or thought; one line, and the steps behind it. */

import { fill, h, setAttr, setText } from '../../view/dom.js';
import { object, text } from '../widgets/values.js';
import { TaskRow, taskTitle } from './task.js';

const MINUTES = 90; // from so many seconds on, minutes say it better

let made = 0;

export class WorkflowView {
  constructor(kit, item) {
    this.kit = kit;
    this.rows = [];
    this.open = false;
    this.mark = h('span', { class: 'workflow-mark' });
    this.title = h('span', { class: 'workflow-title', dir: 'auto' });
    this.list = h('ol', { class: 'workflow-tasks', role: 'list', id: `workflow-${(made += 1)}` });
    this.fold = h('div', { class: 'workflow-fold' }, h('div', { class: 'workflow-inner' }, this.list));
    this.button = h(
      'button',
      { type: 'button', class: 'workflow-button', 'aria-controls': this.list.id, on: { click: () => this.#toggle() } },
      this.mark,
      this.title,
      kit.icon('chevron-down'),
    );
    this.element = h('section', { class: 'workflow' }, this.button, this.fold);
    this.update(item);
  }

  update(item) {
    const workflow = object(item.workflow);
    const tasks = (Array.isArray(workflow.tasks) ? workflow.tasks : []).map(object);
    const running = !workflow.summary;
    this.#tasks(tasks);
    this.#head(workflow, tasks, running);
    if (this.asked !== workflow.expanded) this.open = workflow.expanded === true;
    this.asked = workflow.expanded;
    this.#folding(tasks.length > 0);
  }

  #tasks(tasks) {
    while (this.rows.length > tasks.length) this.rows.pop().element.remove();
    tasks.forEach((task, at) => {
      if (!this.rows[at]) {
        this.rows[at] = new TaskRow(this.kit, { states: true });
        this.list.append(this.rows[at].element);
      }
      this.rows[at].update(task);
    });
  }

  #head(workflow, tasks, running) {
    const reasoning = workflow.type === 'reasoning';
    const summary = object(workflow.summary);
    const name = running ? 'spinner' : text(summary.icon) || (reasoning ? 'lightbulb' : 'check-circle');
    setText(this.title, running ? this.#now(tasks, reasoning) : this.#summed(summary, reasoning));
    this.element.classList.toggle('running', running);
    if (this.name === name) return;
    this.name = name;
    fill(this.mark, running ? h('span', { class: 'spinner' }) : this.kit.icon(name));
  }

  /** What is being done: the last step that has not ended. */
  #now(tasks, reasoning) {
    const task = tasks.findLast((one) => one.status_indicator === 'loading') ?? tasks.at(-1);
    return (
      (task && !(reasoning && !text(task.title)) && taskTitle(this.kit, task)) ||
      this.kit.t(reasoning ? 'workflow.thinking' : 'workflow.working')
    );
  }

  #summed({ title, duration }, reasoning) {
    if (text(title)) return text(title);
    const verb = reasoning ? 'thought' : 'worked';
    if (typeof duration !== 'number' || !Number.isFinite(duration))
      return this.kit.t(reasoning ? 'workflow.thought' : 'workflow.done');
    if (duration < MINUTES) return this.kit.t(`workflow.${verb}For`, { count: Math.max(1, Math.round(duration)) });
    return this.kit.t(`workflow.${verb}Minutes`, { count: Math.round(duration / 60) });
  }

  #folding(any) {
    this.button.disabled = !any;
    this.element.classList.toggle('open', this.open && any);
    setAttr(this.button, 'aria-expanded', any ? String(this.open) : undefined);
    this.fold.inert = !(this.open && any);
  }

  #toggle() {
    this.open = !this.open;
    this.#folding(true);
  }

  destroy() {}
}

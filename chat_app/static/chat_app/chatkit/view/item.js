/** Which view an item gets. What is needed for few of them is fetched when the first one comes. */

import { h } from '../../view/dom.js';
import { AnswerView } from './answer.js';
import { ToolCallView } from './toolcall.js';
import { UserView } from './user.js';

const HERE = { user_message: UserView, assistant_message: AnswerView, client_tool_call: ToolCallView };
const ELSEWHERE = {
  widget: async (kit) => {
    const [{ WidgetItemView }, { SHEETS }] = await Promise.all([import('./widget.js'), import('../widgets/index.js')]);
    await Promise.all(SHEETS.map((name) => kit.style(name)));
    return WidgetItemView;
  },
  workflow: () => items(import('../items/workflow.js'), 'WorkflowView'),
  task: () => items(import('../items/task.js'), 'TaskView'),
  generated_image: () => items(import('../items/image.js'), 'ImageView'),
  structured_input: () => items(import('../items/structured.js'), 'StructuredView'),
};

async function items(loading, name) {
  return (await loading)[name];
}

/** @returns {{element: HTMLElement, update: (item: object) => void, settle?: (how: object) => void, destroy?: () => void}} */
export function viewOf(kit, item) {
  if (Object.hasOwn(HERE, item.type)) return new HERE[item.type](kit, item);
  if (Object.hasOwn(ELSEWHERE, item.type)) return new LateView(kit, item, ELSEWHERE[item.type]);
  return new UnknownView();
}

const SHEETS = ['items', 'sources', 'questions'];

/** A view whose code is still on its way. */
class LateView {
  constructor(kit, item, load) {
    this.element = h('article', { class: `message from-model item-${item.type.replaceAll('_', '-')}`, 'aria-label': kit.t('thread.assistant') });
    Promise.all([load(kit), ...SHEETS.map((name) => kit.style(name))]).then(([View]) => {
      if (this.gone) return;
      this.view = new View(kit, item);
      this.element.append(this.view.element);
      this.view.update(this.last ?? item);
    }).catch((error) => kit.report(error));
  }

  update(item) {
    this.last = item;
    this.view?.update(item);
  }

  destroy() {
    this.gone = true;
    this.view?.destroy?.();
  }
}

/** An item of a later version of the protocol: its place is kept, nothing is shown. */
class UnknownView {
  element = h('div', { hidden: true });

  update() {}
}

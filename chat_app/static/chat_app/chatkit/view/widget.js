/** A widget in the conversation. */

import { WidgetView } from '../widgets/index.js';

export class WidgetItemView {
  constructor(kit, item) {
    this.view = new WidgetView(kit, item);
    this.element = this.view.element;
  }

  update(item) {
    this.view.update(item.widget, item);
  }

  destroy() {
    this.view.destroy();
  }
}

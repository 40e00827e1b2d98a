/** Table, its rows and its cells, as a real table that scrolls sideways where it is too wide. */

import { h, setAttr } from '../../view/dom.js';
import { Children } from './children.js';
import { padded, setStyles, setVariant } from './styles.js';
import { count, measure, oneOf } from './values.js';

export class Table {
  constructor(cx) {
    this.head = h('thead');
    this.body = h('tbody');
    this.element = h(
      'div',
      { class: 'w-table', role: 'group', tabindex: '0', 'aria-label': cx.kit.t('widgets.table') },
      h('table', {}, this.head, this.body),
    );
    const inside = { ...cx, plain: cx.types, types: { 'Table.Row': TableRow } };
    this.heads = new Children(inside, this.head);
    this.rows = new Children(inside, this.body);
  }

  update(spec) {
    const rows = (Array.isArray(spec.children) ? spec.children : []).filter((row) => row?.type === 'Table.Row');
    const first = rows.findIndex((row) => row.header !== true);
    const heads = first < 0 ? rows : rows.slice(0, first);
    this.heads.update(heads);
    this.rows.update(rows.slice(heads.length));
    this.head.hidden = heads.length === 0;
  }

  destroy() {
    this.heads.destroy();
    this.rows.destroy();
  }
}

class TableRow {
  static shape(spec) {
    return spec.header === true ? 'header' : '';
  }

  constructor(cx, spec) {
    this.element = h('tr');
    const heading = TableRow.shape(spec) === 'header';
    this.cells = new Children({ ...cx, heading, types: { 'Table.Cell': TableCell } }, this.element);
  }

  update(spec) {
    const cells = Array.isArray(spec.children) ? spec.children : [];
    this.cells.update(cells.map((cell) => (cell?.type === 'Table.Cell' ? cell : { type: 'Table.Cell', children: [cell] })));
  }

  destroy() {
    this.cells.destroy();
  }
}

class TableCell {
  constructor(cx) {
    this.content = h('div', { class: 'w-cell' });
    this.element = h(cx.heading ? 'th' : 'td', cx.heading ? { scope: 'col' } : {}, this.content);
    this.children = new Children({ ...cx, types: cx.plain }, this.content);
  }

  update(spec) {
    const { element } = this;
    setAttr(element, 'colspan', count(spec.colSpan, 1, 100));
    setAttr(element, 'rowspan', count(spec.rowSpan, 1, 1000));
    setVariant(element, 'w-h-', oneOf(spec.align, ['start', 'center', 'end']));
    setVariant(element, 'w-y-', oneOf(spec.vAlign, ['start', 'center', 'end']));
    setVariant(element, 'w-col-', oneOf(spec.colSize, ['xs', 'sm', 'md', 'lg', 'xl']));
    setStyles(element, { width: measure(spec.width), ...padded(spec.padding) });
    this.children.update(spec.children);
  }

  destroy() {
    this.children.destroy();
  }
}

/** The door to widgets: the view of a widget item, and previews. What each type looks like is in the files beside this one. */

import { h } from '../../view/dom.js';
import { Busy } from './busy.js';
import { Button } from './button.js';
import { Card } from './card.js';
import { Chart } from './chart/chart.js';
import { Children } from './children.js';
import { Checkbox, Label, RadioGroup } from './choices.js';
import { Badge, Icon, Image } from './content.js';
import { DatePicker } from './datepicker.js';
import { Input, Textarea } from './fields.js';
import { Box, Col, Divider, Form, Row, Spacer, Transition } from './layout.js';
import { Pictures } from './pictures.js';
import { Basic, ListView, ListViewItem } from './roots.js';
import { Scope } from './scope.js';
import { Select } from './select.js';
import { Table } from './table.js';
import { Caption, Markdown, Text, Title } from './text.js';

const TYPES = {
  Basic,
  Card,
  ListView,
  ListViewItem,
  Box,
  Row,
  Col,
  Form,
  Spacer,
  Divider,
  Transition,
  Title,
  Caption,
  Text,
  Markdown,
  Badge,
  Icon,
  Image,
  Button,
  Table,
  Chart,
  Input,
  Textarea,
  Select,
  DatePicker,
  Checkbox,
  RadioGroup,
  Label,
};

/** The style sheets that widgets need, by the names that `kit.style` takes. */
export const SHEETS = ['widgets', 'widgets-lists', 'widgets-words', 'widgets-fields', 'widgets-choices', 'widgets-drops', 'widgets-charts'];

let made = 0;

/** One widget of a thread item: a Card, a ListView or a Basic, or any component where a server sends one as root. */
export class WidgetView {
  /**
   * @param {object} kit
   * @param {object} [item] the thread item; a preview has none
   */
  constructor(kit, item) {
    this.item = item;
    this.fields = h('fieldset', { class: 'w-fields', role: 'presentation' });
    this.element = h('div', { class: 'widget' }, this.fields);
    const scope = new Scope();
    this.scopes = new Set([scope]);
    this.tree = new Children(
      {
        kit,
        types: TYPES,
        item: () => this.item,
        scope,
        scopes: this.scopes,
        pictures: new Pictures(kit, () => this.item),
        container: new Busy(this.element, this.fields),
        id: () => `w-${(made += 1)}`,
        depth: -1,
      },
      this.fields,
    );
  }

  /**
   * @param {object} widget the root; what has not changed since the last call is left alone
   * @param {object} [item]
   */
  update(widget, item) {
    if (item) this.item = item;
    this.tree.update(widget);
    for (const scope of this.scopes) scope.settle();
  }

  destroy() {
    this.tree.destroy();
  }
}

/** A widget that is shown in passing, as an entity's preview. */
export function previewOf(kit, widget) {
  const view = new WidgetView(kit);
  view.update(widget);
  view.element.classList.add('w-preview');
  return view.element;
}

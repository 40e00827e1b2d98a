/** Widgets that show: lists, tables, words, pictures. Data as a server would send it. */

import { landscape } from './pictures.js';

const FLIGHTS = [
  ['TP 944', 'Geneva to Lisbon', '07:15', '€148'],
  ['LX 2092', 'Zurich to Lisbon', '09:40', '€176'],
  ['U2 1457', 'Geneva to Lisbon', '12:05', '€92'],
  ['TP 938', 'Zurich to Lisbon', '14:20', '€151'],
  ['LX 2084', 'Zurich to Lisbon', '17:30', '€203'],
  ['TP 946', 'Geneva to Lisbon', '19:55', '€139'],
  ['U2 1461', 'Geneva to Lisbon', '21:10', '€88'],
];

const LIST = {
  type: 'ListView',
  limit: 'auto',
  status: { text: 'Seven flights on Saturday', icon: 'lucide:plane' },
  children: FLIGHTS.map(([id, title, when, price]) => ({
    type: 'ListViewItem',
    key: id,
    gap: 3,
    onClickAction: { type: 'flight.choose', payload: { id } },
    children: [
      {
        type: 'Box',
        size: 36,
        radius: 'full',
        background: 'surface-secondary',
        align: 'center',
        justify: 'center',
        children: [{ type: 'Icon', name: 'lucide:plane-takeoff', size: 'sm' }],
      },
      {
        type: 'Col',
        gap: 0,
        flex: 1,
        children: [
          { type: 'Text', value: title, weight: 'medium', truncate: true },
          { type: 'Caption', value: `${id}, departs ${when}` },
        ],
      },
      { type: 'Text', value: price, weight: 'semibold' },
    ],
  })),
};

const TASKS = {
  type: 'ListView',
  children: ['Write the release notes', 'Ask legal about the licence', 'Update the status page'].map((value, at) => ({
    type: 'ListViewItem',
    children: [
      {
        type: 'Checkbox',
        name: `task.${at}`,
        label: value,
        defaultChecked: at === 0,
        onChangeAction: { type: 'task.toggle', payload: { at } },
      },
      { type: 'Spacer' },
      {
        type: 'Button',
        iconStart: 'dots-horizontal',
        variant: 'ghost',
        size: 'sm',
        onClickAction: { type: 'task.menu', payload: { at } },
      },
    ],
  })),
};

const WORDS = {
  type: 'Card',
  size: 'lg',
  children: [
    ...['5xl', '4xl', '3xl', '2xl', 'xl', 'lg', 'md', 'sm'].map((size) => ({
      type: 'Title',
      value: `Title ${size}`,
      size,
    })),
    { type: 'Divider' },
    ...['xl', 'lg', 'md', 'sm', 'xs'].map((size) => ({
      type: 'Text',
      value: `Text ${size}: the quick brown fox jumps over the lazy dog.`,
      size,
    })),
    ...['lg', 'md', 'sm'].map((size) => ({ type: 'Caption', value: `Caption ${size}`, size })),
    { type: 'Divider' },
    {
      type: 'Row',
      wrap: 'wrap',
      gap: 4,
      children: ['primary', 'secondary', 'tertiary', 'success', 'warning', 'danger'].map((color) => ({
        type: 'Text',
        value: color,
        color,
        weight: 'medium',
      })),
    },
    { type: 'Text', value: 'Struck out', lineThrough: true, color: 'tertiary' },
    { type: 'Text', value: 'Centred and bold', textAlign: 'center', weight: 'bold' },
    {
      type: 'Text',
      value:
        'A line that is much too long for its place and is therefore cut at the end, with three dots to say so, whatever the width',
      truncate: true,
    },
    { type: 'Text', value: 'هذا نص عربي يُعرض من اليمين إلى اليسار', minLines: 2 },
  ],
};

const MARKDOWN = {
  type: 'Card',
  size: 'lg',
  children: [
    {
      type: 'Markdown',
      value:
        '### What changed\n\n1. The **import** now reads `.csv` and `.tsv`.\n2. Errors name the row, see [the guide](https://example.com/guide).\n\n```python\ndef total(rows):\n    return sum(row.amount for row in rows)\n```\n\n| Step | Before | After |\n|---|---|---|\n| Parse | 410 ms | 38 ms |\n| Store | 95 ms | 90 ms |',
    },
  ],
};

const PICTURES = {
  type: 'Card',
  size: 'lg',
  children: [
    {
      type: 'Row',
      gap: 3,
      wrap: 'wrap',
      children: [
        { type: 'Image', src: landscape(20, 300, 300, 3), alt: 'Red hills at dusk', size: 96, radius: 'xl', frame: true },
        {
          type: 'Image',
          src: landscape(140, 300, 300, 4),
          alt: 'Green hills',
          width: 150,
          height: 96,
          fit: 'cover',
          position: 'bottom',
          radius: 'md',
        },
        {
          type: 'Image',
          src: landscape(265, 500, 200, 1),
          alt: 'Violet hills',
          width: 150,
          height: 96,
          fit: 'contain',
          background: 'surface-secondary',
          radius: 'md',
        },
        { type: 'Image', src: 'javascript:alert(1)', alt: 'Refused address', width: 170, height: 96, radius: 'md' },
      ],
    },
    {
      type: 'Row',
      wrap: 'wrap',
      gap: 4,
      children: ['xs', 'sm', 'md', 'lg', 'xl', '2xl', '3xl'].map((size) => ({
        type: 'Icon',
        name: 'sparkle-double',
        size,
      })),
    },
  ],
};

const cell = (value, more = {}) => ({
  type: 'Table.Cell',
  ...more,
  children: [typeof value === 'string' ? { type: 'Text', value, size: 'sm' } : value],
});
const TABLE = {
  type: 'Card',
  size: 'lg',
  status: { text: 'Open invoices', icon: 'document' },
  children: [
    {
      type: 'Table',
      children: [
        {
          type: 'Table.Row',
          header: true,
          children: [cell('Customer', { colSize: 'md' }), cell('Due'), cell('State'), cell('Amount', { align: 'end' })],
        },
        ...[
          ['Northwind', '3 December', ['Due soon', 'warning'], '€1,240.00'],
          ['Fabrikam', '12 December', ['Sent', 'info'], '€310.50'],
          ['Contoso', '8 November', ['Overdue', 'danger'], '€7,925.00'],
        ].map(([who, due, [label, color], sum]) => ({
          type: 'Table.Row',
          children: [
            cell({ type: 'Text', value: who, weight: 'medium', size: 'sm' }),
            cell(due),
            cell({ type: 'Badge', label, color }),
            cell(sum, { align: 'end' }),
          ],
        })),
        {
          type: 'Table.Row',
          children: [
            cell({ type: 'Text', value: 'Together', weight: 'semibold', size: 'sm' }, { colSpan: 3 }),
            cell({ type: 'Text', value: '€9,475.50', weight: 'semibold', size: 'sm' }, { align: 'end' }),
          ],
        },
      ],
    },
  ],
};

export const LISTS = { 'A list that shows more': LIST, 'A list with controls of its own': TASKS, 'A table': TABLE };
export const TEXTS = { 'Titles, texts, captions': WORDS, Markdown: MARKDOWN, 'Pictures and icons': PICTURES };

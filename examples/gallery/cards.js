/** Widgets that show: cards and layout. Data as a server would send it. */

import { landscape, portrait } from './pictures.js';

const EVENT = {
  type: 'Card',
  size: 'sm',
  children: [
    {
      type: 'Row',
      align: 'stretch',
      gap: 3,
      children: [
        { type: 'Box', width: 4, radius: 'full', background: 'blue-400' },
        {
          type: 'Col',
          flex: 1,
          gap: 1,
          children: [
            {
              type: 'Row',
              children: [
                { type: 'Caption', value: 'Tomorrow, 14:00 to 14:45' },
                { type: 'Spacer' },
                { type: 'Badge', label: 'Confirmed', color: 'success' },
              ],
            },
            { type: 'Title', value: 'Design review: checkout', size: 'sm' },
            { type: 'Text', value: 'Room 4.02 and online', size: 'sm', color: 'secondary' },
          ],
        },
      ],
    },
    { type: 'Divider', flush: true },
    {
      type: 'Row',
      children: [
        {
          type: 'Row',
          gap: 1,
          children: [
            ['AK', 210],
            ['MO', 20],
            ['JS', 150],
          ].map(([who, hue]) => ({ type: 'Image', src: portrait(who, hue), alt: who, size: 28, radius: 'full' })),
        },
        { type: 'Text', value: '3 guests', size: 'sm', color: 'secondary' },
        { type: 'Spacer' },
        {
          type: 'Button',
          label: 'Join',
          iconStart: 'external-link',
          size: 'sm',
          onClickAction: { type: 'event.join', payload: { id: 'e1' } },
        },
      ],
    },
  ],
};

const HOTEL = {
  type: 'Card',
  size: 'md',
  padding: 4,
  status: { text: 'From Wayfarer', icon: 'compass' },
  children: [
    { type: 'Image', src: landscape(205, 900, 420, 2), alt: 'A bay between green hills', aspectRatio: '16/8', flush: true },
    {
      type: 'Row',
      align: 'start',
      children: [
        {
          type: 'Col',
          gap: 0,
          flex: 1,
          children: [
            { type: 'Title', value: 'Casa do Mar', size: 'lg' },
            { type: 'Caption', value: 'Ericeira, Portugal' },
          ],
        },
        {
          type: 'Row',
          gap: 1,
          children: [
            { type: 'Icon', name: 'star-filled', size: 'sm', color: 'warning' },
            { type: 'Text', value: '4.8', weight: 'semibold', size: 'sm' },
          ],
        },
      ],
    },
    {
      type: 'Text',
      value:
        'Eight rooms above the fishing harbour, a kitchen for all, and a terrace from which the whole bay can be seen. Breakfast is served until eleven.',
      maxLines: 2,
      color: 'secondary',
      size: 'sm',
    },
    {
      type: 'Row',
      wrap: 'wrap',
      gap: 2,
      children: ['Sea view', 'Breakfast', 'Free cancellation'].map((label) => ({
        type: 'Badge',
        label,
        variant: 'outline',
        size: 'md',
      })),
    },
  ],
  confirm: { label: 'Book for €129', action: { type: 'hotel.book', payload: { id: 'h1' } } },
  cancel: { label: 'See others', action: { type: 'hotel.next' } },
};

const WEATHER = {
  type: 'Card',
  size: 'sm',
  theme: 'dark',
  background: { light: '#1c3553', dark: '#1c3553' },
  border: 0,
  children: [
    {
      type: 'Row',
      children: [
        {
          type: 'Col',
          gap: 0,
          flex: 1,
          children: [
            { type: 'Title', value: '18°', size: '5xl', weight: 'medium' },
            { type: 'Text', value: 'Lisbon, clear', color: { light: '#c7d8ee', dark: '#c7d8ee' } },
          ],
        },
        { type: 'Icon', name: 'lucide:sun', size: '3xl', color: { light: '#ffd166', dark: '#ffd166' } },
      ],
    },
    {
      type: 'Row',
      justify: 'between',
      children: [
        ['Thu', 'lucide:cloud', '17°'],
        ['Fri', 'lucide:cloud-rain', '15°'],
        ['Sat', 'lucide:cloud-sun', '19°'],
        ['Sun', 'lucide:sun', '22°'],
      ].map(([day, name, value]) => ({
        type: 'Col',
        align: 'center',
        gap: 1,
        children: [
          { type: 'Caption', value: day, size: 'sm' },
          { type: 'Icon', name },
          { type: 'Text', value, size: 'sm', weight: 'semibold' },
        ],
      })),
    },
  ],
};

const DONE = {
  type: 'Card',
  size: 'md',
  collapsed: true,
  status: { text: 'Email sent to Ada Kowalska', icon: 'check-circle-filled' },
  children: [{ type: 'Text', value: 'Dear Ada, the contract is attached. Please sign both copies.' }],
};

const BOXES = {
  type: 'Basic',
  gap: 3,
  children: [
    {
      type: 'Row',
      gap: 3,
      wrap: 'wrap',
      align: 'stretch',
      children: [
        {
          type: 'Box',
          padding: 4,
          radius: 'xl',
          background: 'surface-secondary',
          flex: 1,
          minWidth: 140,
          children: [
            { type: 'Caption', value: 'surface-secondary' },
            { type: 'Title', value: '1,204', size: '2xl' },
          ],
        },
        {
          type: 'Box',
          padding: { x: 4, y: 3 },
          radius: 'xl',
          border: 1,
          flex: 1,
          minWidth: 140,
          children: [
            { type: 'Caption', value: 'border: 1' },
            { type: 'Title', value: '98.2 %', size: '2xl' },
          ],
        },
        {
          type: 'Box',
          padding: 4,
          radius: 'xl',
          background: { light: 'green-50', dark: 'green-900' },
          border: { size: 1, color: { light: 'green-200', dark: 'green-800' } },
          flex: 1,
          minWidth: 140,
          children: [
            { type: 'Caption', value: 'green', color: { light: 'green-800', dark: 'green-200' } },
            { type: 'Title', value: '+12', size: '2xl', color: { light: 'green-900', dark: 'green-100' } },
          ],
        },
      ],
    },
    { type: 'Divider', spacing: 1, color: 'strong' },
    {
      type: 'Transition',
      children: { type: 'Text', key: 'now', value: 'This line fades in where another takes its place.', italic: true },
    },
  ],
  direction: 'col',
};

export const CARDS = {
  'A card with parts': EVENT,
  'A card with a picture and two buttons': HOTEL,
  'A card with its own theme': WEATHER,
  'A folded card': DONE,
  'Boxes on no card': BOXES,
};

/** Widgets that are worked with, and charts. Data as a server would send it. */

const COLOURS = ['primary', 'secondary', 'info', 'discovery', 'success', 'caution', 'warning', 'danger'];

const BUTTONS = {
  type: 'Card',
  size: 'lg',
  children: [
    ...['solid', 'soft', 'outline', 'ghost'].map((variant) => ({
      type: 'Row',
      wrap: 'wrap',
      gap: 2,
      children: COLOURS.map((color) => ({
        type: 'Button',
        label: color[0].toUpperCase() + color.slice(1),
        color,
        variant,
        size: 'md',
        onClickAction: { type: 'press', payload: { color, variant } },
      })),
    })),
    { type: 'Divider' },
    {
      type: 'Row',
      wrap: 'wrap',
      gap: 2,
      children: ['3xs', '2xs', 'xs', 'sm', 'md', 'lg', 'xl', '2xl', '3xl'].map((size) => ({
        type: 'Button',
        label: size,
        size,
        style: 'secondary',
        onClickAction: { type: 'press' },
      })),
    },
    {
      type: 'Row',
      wrap: 'wrap',
      gap: 2,
      children: [
        { type: 'Button', label: 'Pill', pill: true, style: 'primary', onClickAction: { type: 'press' } },
        { type: 'Button', label: 'Square', pill: false, style: 'primary', onClickAction: { type: 'press' } },
        {
          type: 'Button',
          label: 'Both icons',
          iconStart: 'calendar',
          iconEnd: 'chevron-right',
          onClickAction: { type: 'press' },
        },
        { type: 'Button', iconStart: 'plus', uniform: true, onClickAction: { type: 'press' } },
        {
          type: 'Button',
          iconStart: 'lucide:heart',
          iconSize: 'lg',
          uniform: true,
          variant: 'ghost',
          onClickAction: { type: 'press' },
        },
        { type: 'Button', label: 'Disabled', disabled: true },
      ],
    },
    {
      type: 'Button',
      label: 'As wide as the card',
      block: true,
      style: 'primary',
      size: 'xl',
      onClickAction: { type: 'press' },
    },
  ],
};

const BADGES = {
  type: 'Card',
  size: 'lg',
  children: ['soft', 'solid', 'outline'].map((variant) => ({
    type: 'Row',
    wrap: 'wrap',
    gap: 2,
    children: ['secondary', 'success', 'danger', 'warning', 'info', 'discovery'].map((color, at) => ({
      type: 'Badge',
      label: color,
      color,
      variant,
      size: ['sm', 'md', 'lg'][at % 3],
      pill: at % 2 === 0,
    })),
  })),
};

const field = (label, name, control) => ({
  type: 'Col',
  gap: 1,
  children: [
    { type: 'Label', value: label, fieldName: name },
    { name, ...control },
  ],
});

const TOWNS = ['Brno', 'Gdańsk', 'Graz', 'Kraków', 'Linz', 'Łódź', 'Olomouc', 'Plzeň', 'Poznań', 'Praha', 'Salzburg', 'Wien', 'Wrocław'];

const FORM = {
  type: 'Card',
  size: 'md',
  asForm: true,
  status: { text: 'New appointment', icon: 'calendar' },
  children: [
    field('Name', 'person.name', { type: 'Input', placeholder: 'First and last name', required: true }),
    field('Email', 'person.email', { type: 'Input', inputType: 'email', placeholder: 'you@example.com', required: true }),
    {
      type: 'Row',
      align: 'start',
      gap: 3,
      wrap: 'wrap',
      children: [
        {
          type: 'Box',
          flex: 1,
          minWidth: 140,
          children: [
            field('Day', 'day', {
              type: 'DatePicker',
              placeholder: 'Pick a day',
              min: '2026-01-01T00:00:00Z',
              side: 'top',
              align: 'end',
              clearable: true,
              block: true,
            }),
          ],
        },
        {
          type: 'Box',
          flex: 1,
          minWidth: 140,
          children: [
            field('Length', 'minutes', {
              type: 'Select',
              block: true,
              clearable: true,
              placeholder: 'How long?',
              defaultValue: '30',
              options: [
                { value: '15', label: '15 minutes', description: 'For a short question' },
                { value: '30', label: '30 minutes', description: 'The usual' },
                { value: '60', label: 'One hour', disabled: true },
              ],
            }),
          ],
        },
      ],
    },
    field('Town', 'town', {
      type: 'Select',
      searchable: true,
      clearable: true,
      placeholder: 'Type to search',
      options: TOWNS.map((label) => ({ value: label.toLowerCase(), label })),
    }),
    { type: 'Label', value: 'Where', fieldName: 'place' },
    {
      type: 'RadioGroup',
      name: 'place',
      direction: 'row',
      required: true,
      options: [
        { value: 'room', label: 'In the office' },
        { value: 'call', label: 'By phone' },
        { value: 'video', label: 'Online' },
      ],
    },
    field('What is it about?', 'notes', {
      type: 'Textarea',
      rows: 2,
      autoResize: true,
      maxRows: 8,
      placeholder: 'Anything that helps us to prepare',
    }),
    { type: 'Checkbox', name: 'reminder', label: 'Send me a reminder the day before', defaultChecked: true },
  ],
  confirm: { label: 'Request', action: { type: 'appointment.request' } },
  cancel: { label: 'Not now', action: { type: 'appointment.cancel' } },
};

const DRAFT = {
  type: 'Card',
  size: 'md',
  asForm: true,
  status: { text: 'Draft', icon: 'mail' },
  children: [
    {
      type: 'Row',
      children: [
        { type: 'Caption', value: 'To' },
        { type: 'Text', value: 'ada@example.com', editable: { name: 'to', required: true, pattern: '.+@.+' }, size: 'sm' },
      ],
    },
    { type: 'Divider', flush: true },
    {
      type: 'Text',
      value: 'Contract for signature',
      weight: 'semibold',
      editable: { name: 'subject', placeholder: 'Subject' },
    },
    {
      type: 'Text',
      value: 'Dear Ada,\n\nthe contract is attached. Please sign both copies and send one back.\n\nKind regards',
      editable: { name: 'body', autoComplete: 'off' },
      minLines: 4,
    },
  ],
  confirm: { label: 'Send', action: { type: 'email.send', loadingBehavior: 'container' } },
  cancel: { label: 'Discard', action: { type: 'email.discard' } },
};

const FIELDS = {
  type: 'Card',
  size: 'md',
  children: [
    {
      type: 'Form',
      gap: 3,
      onSubmitAction: { type: 'fields.send' },
      children: [
        { type: 'Input', name: 'soft', variant: 'soft', placeholder: 'Soft, pill', pill: true },
        { type: 'Input', name: 'number', inputType: 'number', defaultValue: '12', size: 'sm', gutterSize: 'lg' },
        { type: 'Input', name: 'code', pattern: '[A-Z]{3}-\\d{3}', placeholder: 'ABC-123', required: true },
        { type: 'Input', name: 'off', defaultValue: 'Disabled', disabled: true },
        {
          type: 'Row',
          wrap: 'wrap',
          children: [
            ...['solid', 'soft', 'outline', 'ghost'].map((variant) => ({
              type: 'Select',
              name: variant,
              variant,
              placeholder: variant,
              size: 'md',
              options: [
                { value: 'a', label: 'First' },
                { value: 'b', label: 'Second' },
              ],
            })),
          ],
        },
        {
          type: 'RadioGroup',
          name: 'size',
          ariaLabel: 'Size',
          defaultValue: 'm',
          options: [
            { value: 's', label: 'Small' },
            { value: 'm', label: 'Medium' },
            { value: 'l', label: 'Large, sold out', disabled: true },
          ],
        },
        { type: 'Checkbox', name: 'terms', label: 'I have read the terms', required: true },
        {
          type: 'Row',
          children: [
            { type: 'Button', submit: true, label: 'Send', style: 'primary' },
            {
              type: 'Button',
              label: 'Ask on this page',
              variant: 'ghost',
              onClickAction: { type: 'fields.ask', handler: 'client' },
            },
          ],
        },
      ],
    },
  ],
};

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June'].map((month, at) => ({
  month,
  desktop: [186, 305, 237, 173, 209, 264][at],
  mobile: [80, 200, 120, 190, 130, 140][at],
  rate: [2.1, 2.6, 2.4, 3.1, 2.9, 3.4][at],
}));
const LABELS = Object.fromEntries(MONTHS.map(({ month }) => [month, month.slice(0, 3)]));

const chart = (title, more) => ({
  type: 'Card',
  size: 'lg',
  children: [
    { type: 'Title', value: title, size: 'sm' },
    { type: 'Chart', data: MONTHS, xAxis: { dataKey: 'month', labels: LABELS }, showYAxis: true, ...more },
  ],
});

const BARS = chart('Visitors by device', {
  series: [
    { type: 'bar', dataKey: 'desktop', label: 'Desktop' },
    { type: 'bar', dataKey: 'mobile', label: 'Mobile' },
  ],
});
const STACKS = chart('The same, stacked', {
  series: [
    { type: 'bar', dataKey: 'desktop', label: 'Desktop', stack: 'a', color: 'purple' },
    { type: 'bar', dataKey: 'mobile', label: 'Mobile', stack: 'a', color: 'pink' },
  ],
  height: 180,
});
const AREAS = chart('Areas', {
  series: [
    { type: 'area', dataKey: 'desktop', label: 'Desktop', stack: 'a', curveType: 'natural' },
    { type: 'area', dataKey: 'mobile', label: 'Mobile', stack: 'a', curveType: 'natural' },
  ],
});
const LINES = chart('Rate of return, in per cent', {
  series: [{ type: 'line', dataKey: 'rate', label: 'Rate', color: 'orange', curveType: 'step' }],
  aspectRatio: '16/6',
  showLegend: true,
});

const BASICS = { Buttons: BUTTONS, Badges: BADGES };
export const FORMS = {
  'A card that is a form': FORM,
  'Text that can be changed in its place': DRAFT,
  'A form with all kinds of fields': FIELDS,
};
export const BUTTONS_AND_BADGES = BASICS;
export const CHARTS = { Bars: BARS, 'Stacked bars': STACKS, Areas: AREAS, 'A line': LINES };

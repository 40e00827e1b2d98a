/** The gallery's threads: every kind of item and of widget that ChatKit's types know, with data as a server would send it. */

import { CARDS } from './cards.js';
import { BUTTONS_AND_BADGES, CHARTS, FORMS } from './controls.js';
import { landscape } from './pictures.js';
import { LISTS, TEXTS } from './words.js';

const START = Date.UTC(2026, 10, 24, 9, 30);
let made = 0;

function item(threadId, type, fields) {
  made += 1;
  return {
    id: `item_${made}`,
    thread_id: threadId,
    type,
    created_at: new Date(START + made * 45_000).toISOString(),
    ...fields,
  };
}

const say = (threadId, text, annotations = []) =>
  item(threadId, 'assistant_message', { content: [{ type: 'output_text', text, annotations }] });
const ask = (threadId, ...content) =>
  item(threadId, 'user_message', {
    content: content.map((part) => (typeof part === 'string' ? { type: 'input_text', text: part } : part)),
    attachments: [],
    quoted_text: null,
    inference_options: {},
  });

/** A thread that shows widgets, each under its name. */
function shown(id, title, widgets) {
  return {
    id,
    title,
    items: Object.entries(widgets).flatMap(([name, widget]) => [
      say(id, `## ${name}`),
      item(id, 'widget', { widget, copy_text: name }),
    ]),
  };
}

const SITES = [
  {
    type: 'url',
    url: 'https://example.com/guide/heat-pumps',
    title: 'How a heat pump works',
    attribution: 'Example Guide',
    description: 'From the compressor to the floor: what moves the heat, and what it costs.',
    timestamp: '2026-09-14T08:00:00Z',
  },
  { type: 'url', url: 'https://energy.example.org/old-houses', title: 'Heat pumps in old houses: a study of 800 homes' },
];
const FILE = { type: 'file', filename: 'quote-2026-11.pdf', title: 'The quote of November' };
const PERSON = {
  type: 'entity',
  id: 'ada',
  title: 'Ada Kowalska',
  icon: 'user',
  label: 'People',
  inline_label: 'Ada',
  interactive: true,
  data: { mail: 'ada@example.com' },
  description: 'Heating engineer',
};

function answers() {
  const id = 'answers';
  const text =
    'A heat pump moves heat rather than making it, so it gives about **three units of heat for each unit of power**. In old houses it works best with large radiators; of 800 homes in one study, 93 % stayed warm at their old radiators.\n\nThe quote in your files fits a house like yours, and Ada can check the pipes before you sign.';
  const at = (words) => text.indexOf(words) + words.length;
  return {
    id,
    title: 'Messages and sources',
    items: [
      ask(
        id,
        'Would a heat pump work in our house? Please ask ',
        { type: 'input_tag', id: 'ada', text: 'Ada Kowalska', group: 'People', data: {}, interactive: true },
        ' too.',
      ),
      say(id, text, [
        { type: 'annotation', index: at('unit of power**'), source: SITES[0] },
        { type: 'annotation', index: at('old radiators.'), source: SITES[1] },
        { type: 'annotation', index: at('a house like yours'), source: FILE },
        { type: 'annotation', index: at('before you sign.'), source: PERSON },
      ]),
      item(id, 'client_tool_call', {
        status: 'completed',
        call_id: 'call_1',
        name: 'get_location',
        arguments: {},
        output: { city: 'Lisbon' },
      }),
      item(id, 'end_of_turn', {}),
      ask(id, 'شكرا! هل يمكنك تلخيص ذلك بالعربية؟'),
      say(
        id,
        'نعم. تنقل **المضخة الحرارية** الحرارة بدلا من توليدها، ولذلك تعطي نحو ثلاث وحدات حرارة لكل وحدة كهرباء.\n\n- المشعات الكبيرة أفضل\n- يمكن لآدا فحص الأنابيب',
      ),
    ],
  };
}

const FOUND = {
  type: 'custom',
  expanded: true,
  summary: { title: 'Compared three offers', icon: 'search' },
  tasks: [
    {
      type: 'thought',
      status_indicator: 'complete',
      title: 'What matters',
      content: 'Price alone is not enough: the **pipes** and the *radiators* decide.',
    },
    {
      type: 'web_search',
      status_indicator: 'complete',
      title: 'Looked for experience',
      title_query: 'heat pump old house',
      queries: ['heat pump old house', 'radiator size flow temperature'],
      sources: SITES,
    },
    {
      type: 'file',
      status_indicator: 'complete',
      title: 'Read your files',
      sources: [FILE, { type: 'file', filename: 'plan.dwg', title: 'Plan of the ground floor' }],
    },
    { type: 'image', status_indicator: 'complete', title: 'Drew the pipes' },
    {
      type: 'custom',
      status_indicator: 'none',
      title: 'Wrote it down',
      icon: 'write',
      content: 'Two pages, with a table of costs.',
    },
  ],
};

const RUNNING = {
  type: 'custom',
  expanded: true,
  tasks: [
    { type: 'custom', status_indicator: 'complete', title: 'Opened the calendar', icon: 'calendar' },
    {
      type: 'web_search',
      status_indicator: 'loading',
      title: 'Looking for a train',
      queries: ['lisbon porto train saturday'],
      sources: [],
    },
    { type: 'custom', status_indicator: 'none', title: 'Book seats' },
  ],
};

function work() {
  const id = 'work';
  const thought = {
    type: 'thought',
    status_indicator: 'complete',
    content: 'The person wants to know whether the old radiators can stay. I need the flow temperature first.',
  };
  return {
    id,
    title: 'Workflows and tasks',
    items: [
      say(id, '## A workflow that has ended'),
      item(id, 'workflow', { workflow: FOUND }),
      say(id, '## One that is under way'),
      item(id, 'workflow', { workflow: RUNNING }),
      say(id, '## Thoughts'),
      item(id, 'workflow', {
        workflow: { type: 'reasoning', tasks: [thought], summary: { duration: 8 }, expanded: false },
      }),
      item(id, 'workflow', {
        workflow: { type: 'reasoning', tasks: [{ ...thought, status_indicator: 'loading' }], expanded: false },
      }),
      say(id, '## Single tasks'),
      item(id, 'task', {
        task: {
          type: 'custom',
          title: 'Saved to your notes',
          icon: 'notebook-pencil',
          content: 'Under *House*, with the three quotes.',
        },
      }),
      item(id, 'task', {
        task: { type: 'web_search', title: 'Searched the web', queries: ['subsidy heat pump 2026'], sources: SITES },
      }),
    ],
  };
}

function images() {
  const id = 'images';
  return {
    id,
    title: 'Generated images',
    items: [
      say(id, '## Finished'),
      item(id, 'generated_image', { image: { id: 'img_1', url: landscape(28, 768, 768, 3) } }),
      say(id, '## On its way'),
      item(id, 'generated_image', { image: { id: 'img_2', url: landscape(190, 400, 400, 5) }, progress: 0.6 }),
      say(id, '## Asked for'),
      item(id, 'generated_image', { image: null }),
    ],
  };
}

function questions() {
  const id = 'questions';
  const heat = {
    id: 'heat',
    type: 'multiple_choice',
    question: 'How is the house heated now?',
    options: [{ value: 'Gas' }, { value: 'Oil' }, { value: 'Wood' }],
    multiple: false,
  };
  const rooms = {
    id: 'rooms',
    type: 'multiple_choice',
    question: 'Which rooms are too cold?',
    options: [{ value: 'Kitchen' }, { value: 'Bathroom' }, { value: 'Study' }],
    multiple: true,
  };
  const more = {
    id: 'more',
    type: 'freeform',
    question: 'Anything else that we should know?',
    description: 'The year of the last renovation, for instance.',
  };
  return {
    id,
    title: 'Questions',
    items: [
      say(id, '## Answered'),
      item(id, 'structured_input', {
        status: 'answered',
        inputs: [
          { ...heat, answer: { values: ['Oil'], skipped: false } },
          { ...rooms, answer: { values: ['Kitchen', 'Attic'], skipped: false } },
          { ...more, answer: { values: [], skipped: true } },
        ],
      }),
      say(id, '## To be answered'),
      item(id, 'structured_input', { status: 'pending', inputs: [heat, rooms, more] }),
    ],
  };
}

const LONG = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft'.repeat(2);
const ODD = {
  'A type that nobody knows': {
    type: 'Card',
    children: [
      { type: 'Carousel', children: [{ type: 'Text', value: 'What is inside it is shown.' }] },
      { type: 'Video', src: 'x' },
    ],
  },
  'Values that make no sense': {
    type: 'Card',
    size: 'huge',
    padding: 'url(x)',
    background: 'red;position:fixed',
    children: [
      { type: 'Title', value: 42, size: {} },
      { type: 'Button', label: ['no'], color: 'x' },
      { type: 'Text', value: LONG },
      null,
      7,
      'Plain words',
    ],
  },
};

/** @returns {{id: string, title: string, items: object[]}[]} the threads, in the order in which they are listed */
export function threads() {
  made = 0;
  return [
    answers(),
    shown('cards', 'Cards and layout', CARDS),
    shown('lists', 'Lists and tables', LISTS),
    shown('texts', 'Words and pictures', TEXTS),
    shown('buttons', 'Buttons and badges', BUTTONS_AND_BADGES),
    shown('forms', 'Forms', FORMS),
    shown('charts', 'Charts', CHARTS),
    work(),
    images(),
    questions(),
    shown('odd', 'Odd data', ODD),
  ];
}

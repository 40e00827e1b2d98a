/** The gallery's page: which group is shown, and in what colours, direction and width. `?theme=dark&dir=rtl&width=narrow#forms` */

import { backend } from './server.js';

const root = document.documentElement;
const chosen = { theme: 'light', dir: 'ltr', width: 'wide', ...Object.fromEntries(new URLSearchParams(location.search)) };
const log = document.getElementById('asked');
const { fetch, list } = backend((what) => {
  log.textContent = JSON.stringify(what, null, 2);
});

const PREVIEW = {
  type: 'Basic',
  gap: 3,
  children: [
    {
      type: 'Row',
      children: [
        { type: 'Icon', name: 'profile', size: 'xl' },
        {
          type: 'Col',
          gap: 0,
          children: [
            { type: 'Title', value: 'Ada Kowalska', size: 'sm' },
            { type: 'Caption', value: 'Heating engineer' },
          ],
        },
      ],
    },
    { type: 'Text', value: 'Looks after the houses on the hill. Reachable until six.', size: 'sm' },
  ],
};

const chat = document.createElement('openai-chatkit');

function options() {
  return {
    api: { url: new URL('chatkit', location.href).href, domainKey: 'gallery', fetch },
    theme: { colorScheme: chosen.theme },
    frameTitle: 'Gallery',
    initialThread: group(),
    history: { enabled: true },
    header: { enabled: true },
    startScreen: {
      greeting: 'Choose a group',
      prompts: list.slice(0, 4).map(({ title }) => ({ label: title, prompt: title, icon: 'sparkle' })),
    },
    threadItemActions: { feedback: true, retry: true },
    thread: { autoScroll: false },
    entities: {
      onTagSearch: async (query) =>
        [{ id: 'ada', title: 'Ada Kowalska', icon: 'user', group: 'People', interactive: true }].filter(({ title }) =>
          title.toLowerCase().includes(query.toLowerCase()),
        ),
      onClick: (entity) => {
        log.textContent = `entity: ${JSON.stringify(entity)}`;
      },
      onRequestPreview: async () => ({ preview: PREVIEW }),
    },
    widgets: {
      onAction: async (action, item) => {
        log.textContent = `on this page, from ${item.id}: ${JSON.stringify(action, null, 2)}`;
      },
    },
  };
}

function group() {
  const asked = location.hash.slice(1);
  return list.some(({ id }) => id === asked) ? asked : list[0].id;
}

function show() {
  const now = group();
  document.getElementById('group').textContent = list.find(({ id }) => id === now).title;
  for (const button of document.querySelectorAll('#groups button'))
    button.toggleAttribute('aria-current', button.value === now);
}

function press() {
  root.dataset.theme = chosen.theme;
  root.dataset.width = chosen.width;
  root.dir = chosen.dir;
  chat.dir = chosen.dir;
  for (const choice of document.querySelectorAll('[data-choice]')) {
    for (const button of choice.children)
      button.setAttribute('aria-pressed', String(button.value === chosen[choice.dataset.choice]));
  }
}

document.getElementById('groups').append(
  ...list.map(({ id, title }) => {
    const button = Object.assign(document.createElement('button'), { type: 'button', value: id, textContent: title });
    button.addEventListener('click', () => {
      location.hash = id;
    });
    const row = document.createElement('li');
    row.append(button);
    return row;
  }),
);

for (const choice of document.querySelectorAll('[data-choice]')) {
  choice.addEventListener('click', ({ target }) => {
    if (!target.value) return;
    chosen[choice.dataset.choice] = target.value;
    press();
    if (choice.dataset.choice === 'theme') chat.setOptions(options());
  });
}

addEventListener('hashchange', () => {
  show();
  customElements.whenDefined('openai-chatkit').then(() => chat.setThreadId(group()));
});

press();
show();
document.getElementById('place').append(chat);
await customElements.whenDefined('openai-chatkit');
chat.setOptions(options());

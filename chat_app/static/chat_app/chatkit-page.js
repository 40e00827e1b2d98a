/**
 * The chat page with OpenAI's element: loads its script, puts the connector behind it, and brings in the page of our own
 * where it does not come up. What the server knows of the visitor is in the body's data attributes.
 */

import { connect } from './connect.js';
import { PROMPTS } from './view/empty.js';

const PATIENCE = 6_000;
const { script, key, upload, maxSize, maxCount, dictation, login, admin } = document.body.dataset;
const element = document.querySelector('openai-chatkit');

/** Load OpenAI's script. Resolves once it has defined its element. */
function load() {
  return new Promise((resolve, reject) => {
    const tag = document.createElement('script');
    tag.onerror = () => reject(new Error('its script could not be loaded'));
    tag.src = script;
    document.head.append(tag);
    customElements.whenDefined('openai-chatkit').then(resolve);
  });
}

function late() {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error('it did not come up in time')), PATIENCE);
  });
}

/** Resolves when the element is ready. */
function ready() {
  return new Promise((resolve) => element.addEventListener('chatkit.ready', resolve, { once: true }));
}

/** Rejects when the element has an error before it was answered anything; never resolves. */
function broken(isAnswered) {
  return new Promise((_, reject) => {
    element.addEventListener('chatkit.error', ({ detail }) => {
      if (!isAnswered()) reject(new Error(detail?.error?.message ?? 'it failed and does not say why'));
    });
  });
}

/** The thread in the address, in the way of our own page, so that either of them opens it. */
const place = {
  get: () => new URLSearchParams(location.hash.slice(1)).get('thread'),
  set: (threadId) => {
    const address = threadId ? `#thread=${encodeURIComponent(threadId)}` : location.pathname + location.search;
    history.replaceState(null, '', address);
  },
};

function options(api, models) {
  return {
    api,
    frameTitle: 'Chat',
    initialThread: place.get(),
    theme: { colorScheme: matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light' },
    header: { enabled: true, ...action() },
    history: { enabled: true, showDelete: true, showRename: true },
    startScreen: {
      greeting: 'What would you like to talk about?',
      prompts: PROMPTS.map(({ title, text }) => ({ label: title, prompt: text })),
    },
    threadItemActions: { feedback: true, retry: true },
    composer: {
      placeholder: 'Message',
      attachments: { enabled: true, maxSize: Number(maxSize), maxCount: Number(maxCount) },
      dictation: { enabled: Boolean(dictation) },
      ...(models && { models }),
    },
    disclaimer: { text: 'Answers can be wrong. Check what matters.' },
  };
}

/** The way to the admin for staff, to the login for strangers. */
function action() {
  if (admin) return { rightAction: { icon: 'settings-cog', onClick: () => location.assign(admin) } };
  return login ? { rightAction: { icon: 'profile', onClick: () => location.assign(login) } } : {};
}

/** The models that this visitor may use, as the composer offers them. */
async function modelsOf(api) {
  const response = await api.fetch('/api/models');
  if (!response.ok) throw new Error(`the models were refused with ${response.status}`);
  const { data } = await response.json();
  return data.map(({ id, label, description, available, default: isDefault }) => ({
    id, label, description, disabled: !available, default: isDefault,
  }));
}

/** Show our own page instead; OpenAI's element is gone, should it come after all. */
async function showOwn(reason) {
  console.warn(`ChatKit is not shown: ${reason.message}.`);
  element.remove();
  const own = document.querySelector('template').content.cloneNode(true);
  await Promise.all([import('./page.js'), import('./chat-backend.js')]);
  document.body.append(own);
}

async function start() {
  let answered = false;
  const connection = connect({
    domainKey: key,
    uploadUrl: upload,
    element: () => element,
    onStatus: ({ state }) => {
      answered ||= state === 'connected';
    },
  });
  const { api } = connection;
  element.addEventListener('chatkit.thread.change', ({ detail }) => place.set(detail.threadId));
  const failed = broken(() => answered);
  try {
    const up = ready();
    await Promise.race([late(), failed, load().then(() => element.setOptions(options(api))).then(() => up)]);
    // Only now: where the element does not come up, our own page asks for the session, and there is but one.
    element.setOptions(options(api, await Promise.race([modelsOf(api), failed])));
  } catch (error) {
    connection.close();
    await showOwn(error);
  }
}

start();

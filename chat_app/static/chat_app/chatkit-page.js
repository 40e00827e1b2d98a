/**
 * The chat page with OpenAI's element: loads its script, puts the connector behind it, and brings in our own element, under
 * another name, where it does not come up. What the server knows of the visitor is in the body's data attributes.
 */

import { connect } from './connect.js';
import { common, modelsOf } from './page/options.js';
import { place } from './page/place.js';

const PATIENCE = 6_000;
const SHUT = new Set([401, 403]);
const told = document.body.dataset;
const element = document.querySelector('openai-chatkit');

/** Load a script. Resolves once it has defined its element. */
function load(src, tag, attributes = {}) {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    Object.assign(script.dataset, attributes);
    script.onerror = () => reject(new Error('its script could not be loaded'));
    script.src = src;
    document.head.append(script);
    customElements.whenDefined(tag).then(resolve);
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

function options(api, models) {
  return {
    ...common(told, models),
    api,
    initialThread: place.get(),
    theme: { colorScheme: matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light' },
    header: { enabled: true, ...action() },
  };
}

/** The way to the admin for staff, to the login for strangers. */
function action() {
  const { admin, login } = told;
  if (admin) return { rightAction: { icon: 'settings-cog', onClick: () => location.assign(admin) } };
  return login ? { rightAction: { icon: 'profile', onClick: () => location.assign(login) } } : {};
}

/** Without a menu of models the server chooses; without a way in there is no chat. */
function withoutModels(error) {
  if (!error.status || SHUT.has(error.status)) throw error;
  console.warn('The models could not be had: the server chooses.', error);
}

/** Show our own element instead; OpenAI's is gone, should it come after all. */
async function showOwn(reason) {
  console.warn(`ChatKit is not shown: ${reason.message}.`);
  element.remove();
  document.body.append(document.querySelector('template').content.cloneNode(true));
  const own = document.querySelector('own-chatkit');
  const [{ present }] = await Promise.all([import('./page/own.js'), load(told.own, 'own-chatkit', { tag: 'own-chatkit' })]);
  await present(own, { door: document.querySelector('.door') });
}

async function start() {
  let answered = false;
  const connection = connect({
    domainKey: told.key,
    uploadUrl: told.upload,
    element: () => element,
    onStatus: ({ state }) => {
      answered ||= state === 'connected';
    },
  });
  const { api } = connection;
  element.addEventListener('chatkit.thread.change', ({ detail }) => place.set(detail.threadId, 'replace'));
  const failed = broken(() => answered);
  try {
    const up = ready();
    await Promise.race([late(), failed, load(told.script, 'openai-chatkit').then(() => element.setOptions(options(api))).then(() => up)]);
    // Only now: where the element does not come up, our own page asks for the session, and there is but one.
    const models = await Promise.race([modelsOf(api.fetch).catch(withoutModels), failed]);
    if (models) element.setOptions(options(api, models));
  } catch (error) {
    connection.close();
    await showOwn(error);
  }
}

start();

/**
 * Our own element on the page: what it is told, and what the page does around it. The element is there already, or its script
 * is on the way; what the server knows of the visitor is in the body's data attributes.
 */

import { common, modelsOf } from './options.js';
import { place } from './place.js';
import { keptScheme, schemeButton } from './scheme.js';
import { Visit } from './visit.js';

/** @param {HTMLElement} element @param {{door: HTMLElement}} parts `door` is shown in the element's place to who is not let in */
export async function present(element, { door }) {
  const told = document.body.dataset;
  const name = document.title;
  const visit = new Visit(() => {
    door.hidden = false;
    element.remove();
  });
  let models;
  let scheme = keptScheme();
  const apply = () => element.setOptions?.({ ...own(told, models, scheme), api: { getClientSecret } }); // its script may be on the way
  const getClientSecret = async (current) => {
    const session = await visit.secret(current);
    if (!models) void offer(session.model);
    return session;
  };

  /** Only now: a visitor without a session has no models. What the session was issued for goes before the server's default. */
  const offer = async (issued) => {
    try {
      const all = await modelsOf((path) => visit.fetch(path));
      const known = all.some(({ id }) => id === issued);
      models = all.map((model) => offered(known ? { ...model, default: model.id === issued } : model));
    } catch (error) {
      console.warn('The models could not be had: the server chooses, and the next secret asks again.', error);
      return;
    }
    apply();
  };

  schemeButton(element.querySelector('.scheme'), (chosen) => {
    scheme = chosen;
    apply();
  });
  let going = 0; // ways to where the address says, which may lead to no thread
  element.addEventListener('chatkit.thread.change', ({ detail: { threadId } }) => place.set(threadId, going ? 'replace' : 'push'));
  element.addEventListener('chatkit.thread.title', ({ detail: { title } }) => {
    document.title = title ? `${title} · ${name}` : name;
  });
  await customElements.whenDefined(element.localName);
  addEventListener('popstate', () => {
    going += 1;
    element.setThreadId(place.get()).finally(() => {
      going -= 1;
    });
  });
  addEventListener('keydown', (event) => {
    if (event.key.toLowerCase() !== 'o' || !event.shiftKey || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    element.setThreadId(null).then(() => element.focusComposer());
  });
  apply();
  if (matchMedia('(min-width: 860px)').matches) await element.focusComposer(); // elsewhere it would bring the keyboard up
}

/** A model that is away may be asked for all the same: the server falls back to another, and the answer says so. */
function offered({ disabled, ...model }) {
  return disabled ? { ...model, description: 'Unavailable just now, another one answers' } : model;
}

function own(told, models, scheme) {
  const { history, composer, ...options } = common(told, models);
  return {
    ...options,
    initialThread: place.get(),
    theme: scheme,
    history: { ...history, showSearch: true, showExport: true },
    composer: { ...composer, maxLength: Number(told.maxLength) },
    thread: { autoScroll: true },
  };
}

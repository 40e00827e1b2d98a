/**
 * ChatKitOptions with everything filled in, so that nobody else asks whether a part is there. What the options mean is known by
 * those who read them; here only their shape.
 */

const NOTHING = Object.freeze({});

/**
 * @param {import('@openai/chatkit').ChatKitOptions} options
 * @throws {TypeError} where the chat could not be reached with them
 */
export function normalised(options) {
  if (options === null || typeof options !== 'object') throw new TypeError('setOptions needs an object of options.');
  const { api, header, history, startScreen, composer, entities, commands, widgets, thread } = options;
  return {
    api: backend(api),
    locale: options.locale,
    theme: options.theme ?? 'light',
    frameTitle: options.frameTitle ?? 'Chat',
    initialThread: options.initialThread, // left out: the thread that this tab had last
    onClientTool: called(options.onClientTool),
    header: { enabled: true, leftAction: undefined, rightAction: undefined, ...header, title: { enabled: true, text: undefined, ...header?.title } },
    history: { enabled: true, showDelete: true, showRename: true, showSearch: false, showExport: false, ...history },
    startScreen: { greeting: undefined, ...startScreen, prompts: list(startScreen?.prompts) },
    threadItemActions: { feedback: false, retry: false, ...options.threadItemActions },
    composer: composing(composer ?? NOTHING),
    disclaimer: options.disclaimer ?? null,
    entities: {
      onTagSearch: called(entities?.onTagSearch),
      showComposerMenu: Boolean(entities?.showComposerMenu),
      onClick: called(entities?.onClick),
      onRequestPreview: called(entities?.onRequestPreview),
    },
    commands: { enabled: Boolean(commands?.enabled), onSearch: called(commands?.onSearch), onSelect: called(commands?.onSelect) },
    widgets: { onAction: called(widgets?.onAction) },
    thread: { autoScroll: Boolean(thread?.autoScroll) },
  };
}

function backend(api) {
  if (typeof api?.getClientSecret === 'function') return { getClientSecret: api.getClientSecret };
  if (typeof api?.url !== 'string') throw new TypeError('The option `api` needs `getClientSecret`, or the `url` of a ChatKit server.');
  return { url: api.url, fetch: called(api.fetch), domainKey: api.domainKey, uploadStrategy: api.uploadStrategy };
}

function composing({ placeholder, maxLength, attachments, tools, models, dictation }) {
  return {
    placeholder,
    maxLength, // characters; the composer has a number of its own where it is left out
    attachments: { enabled: false, maxSize: 100 * 1024 * 1024, maxCount: 10, accept: undefined, ...attachments },
    tools: list(tools),
    models: list(models),
    dictation: { enabled: false, ...dictation },
  };
}

const list = (value) => (Array.isArray(value) ? value : []);
const called = (value) => (typeof value === 'function' ? value : undefined);

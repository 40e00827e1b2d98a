// What the stand-in draws: rows, a composer, the list of conversations. Plain, but the places have names that tests go by.

const CSS = `
:host { display: block; min-height: 24rem; font: 15px/1.5 system-ui, sans-serif; color: #1c1c1a; background: #fff; }
.frame { display: grid; grid-template: auto 1fr auto / 15rem 1fr; height: 100%; min-height: inherit; }
header { grid-column: 1 / 3; padding: .6rem 1rem; border-bottom: 1px solid #e4e2dd; font-weight: 600; }
nav { border-right: 1px solid #e4e2dd; padding: .5rem; overflow: auto; }
nav button { display: block; width: 100%; text-align: left; border: 0; background: none; padding: .3rem .5rem; font: inherit;
  border-radius: 6px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
nav button[aria-current=true] { background: #efece6; }
main { overflow: auto; padding: 1rem; }
ol { list-style: none; margin: 0 auto; padding: 0; max-width: 44rem; }
li { margin: 0 0 .8rem; white-space: pre-wrap; overflow-wrap: anywhere; }
li[data-type=user_message] { margin-left: 20%; padding: .5rem .9rem; border-radius: 14px; background: #f0eee9; }
form { grid-column: 2; display: flex; gap: .5rem; padding: .7rem 1rem; border-top: 1px solid #e4e2dd; }
textarea { flex: 1; font: inherit; padding: .5rem; border: 1px solid #c9c5bd; border-radius: 10px; resize: none; }
.progress { color: #77736b; } [role=alert] { padding: .5rem .9rem; border-radius: 8px; background: #fbe9e7; margin: 0 0 .6rem; }
.greeting { text-align: center; font-size: 1.3rem; margin-top: 4rem; }`;

function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** The words of an item. */
export function wordsOf(item) {
  if (Array.isArray(item.content)) return item.content.map((part) => part.text ?? '').join('');
  return item.type === 'client_tool_call' ? `${item.name} (${item.status})` : `[${item.type}]`;
}

export class View {
  #due = false;

  /** @param {HTMLElement} host @param {object} actions what the person can do */
  constructor(host, actions) {
    this.actions = actions;
    const root = host.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
    this.title = h('header');
    this.history = h('nav', { 'aria-label': 'Conversations' });
    this.main = h('main');
    this.text = h('textarea', { rows: '1', 'aria-label': 'Message', name: 'text' });
    this.text.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && !event.shiftKey) this.#submit(event);
    });
    this.models = h('select', { 'aria-label': 'Model', hidden: true });
    this.send = h('button', {}, 'Send');
    this.stop = h('button', { type: 'button', click: () => actions.stop() }, 'Stop');
    const form = h('form', { submit: (event) => this.#submit(event) }, this.text, this.models, this.send, this.stop);
    root.append(h('div', { class: 'frame' }, this.title, this.history, this.main, form));
  }

  #submit(event) {
    event.preventDefault();
    const text = this.text.value.trim();
    if (!text || this.send.disabled) return;
    this.text.value = '';
    this.actions.say(text);
  }

  /** Draw `state()` soon; several calls are one. */
  draw(state) {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      this.#draw(state());
    });
  }

  setModels(models = []) {
    this.models.replaceChildren(...models.map((model) => h(
      'option', { value: model.id, selected: model.default, disabled: model.disabled }, model.label)));
    this.models.hidden = models.length === 0;
  }

  get model() {
    return this.models.value || undefined;
  }

  #draw({ conversation, responding, threads, toasts, greeting }) {
    const { thread, items, progress, failure, canStop } = conversation;
    this.title.textContent = thread?.title ?? 'New chat';
    this.history.replaceChildren(
      h('button', { click: () => this.actions.open(null) }, '+ New chat'),
      ...threads.map((one) => h('button', {
        'aria-current': String(one.id === thread?.id), click: () => this.actions.open(one.id),
      }, one.title ?? 'Untitled')));
    this.main.replaceChildren(
      ...toasts.map((words) => h('p', { role: 'alert' }, words)),
      ...(items.length ? [] : [h('p', { class: 'greeting' }, greeting)]),
      h('ol', { 'data-responding': String(responding) },
        ...items.map((item) => h('li', { 'data-type': item.type, 'data-id': item.id }, wordsOf(item)))),
      ...(progress ? [h('p', { class: 'progress' }, progress)] : []),
      ...(failure ? [h('p', { role: 'alert' }, failure.message,
        failure.retry ? h('button', { click: () => this.actions.retry() }, 'Retry') : '')] : []));
    this.stop.hidden = !(responding && canStop);
    this.send.disabled = responding;
    this.main.scrollTop = this.main.scrollHeight;
  }
}

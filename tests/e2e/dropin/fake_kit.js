/** A stand-in for the chat around its widgets and items: real words, real sheets, and a chat that writes down what it is asked. */

import { icon } from '/static/chat_app/chatkit/icons.js';
import english from '/static/chat_app/chatkit/strings/en.js';

const STYLES = '/static/chat_app/chatkit/styles/';
const BASE = ['tokens', 'base', 'controls', 'overlay', 'prose', 'code', 'items', 'questions', 'sources'];

function t(key, values = {}) {
  const plural = values.count === undefined ? undefined : english[`${key}.${new Intl.PluralRules('en').select(values.count)}`];
  const words = plural ?? english[`${key}.other`] ?? english[key];
  if (words === undefined) throw new Error(`no words for ${key}`);
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** @returns {Promise<object>} a kit whose `asked` lists each action and answer, and whose `settle(error?)` lets them end */
export async function fakeKit(host) {
  const root = host.attachShadow({ mode: 'open' });
  const sheets = new Map();
  const style = (name) => {
    if (!sheets.has(name)) sheets.set(name, adopt(root, name));
    return sheets.get(name);
  };
  const overlays = document.createElement('div');
  const waiting = [];
  const kit = {
    root, host, overlays, icon, t, style, dir: 'ltr', locale: 'en',
    options: { entities: {}, widgets: {} },
    asked: [], errors: [], said: [],
    hold: false,
    chat: {
      action: (action, item) => ask({ action, item: item?.id }),
      answer: (id, answers) => ask({ id, answers }),
    },
    settle(error) {
      for (const { resolve, reject } of waiting.splice(0)) if (error) reject(new Error(error)); else resolve();
    },
    emit: () => undefined,
    report: (error) => kit.errors.push(String(error)),
    announce: (words) => kit.said.push(words),
  };
  const ask = (what) => {
    kit.asked.push(structuredClone(what));
    return kit.hold ? new Promise((resolve, reject) => waiting.push({ resolve, reject })) : Promise.resolve();
  };
  for (const name of BASE) await style(name);
  root.append(overlays);
  return kit;
}

async function adopt(root, name) {
  const answer = await fetch(`${STYLES}${name}.css`);
  if (!answer.ok) throw new Error(`${name}.css: ${answer.status}`);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(await answer.text());
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}

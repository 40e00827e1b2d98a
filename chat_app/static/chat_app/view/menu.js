/** A menu that opens from a button: a popover in the top layer, driven by keyboard as well as by pointer. */

import { h } from './dom.js';
import { icon } from './icons.js';

const GAP = 6;

/**
 * @typedef {object} Entry
 * @property {string} label
 * @property {() => void} run
 * @property {string} [detail] a second line
 * @property {string} [badge] a short remark beside the label
 * @property {string} [icon]
 * @property {boolean} [checked] one of a set of choices, and whether it is the chosen one
 * @property {boolean} [danger]
 */

/**
 * Make `trigger` open a menu.
 * @param {HTMLButtonElement} trigger
 * @param {string} label the menu's name
 * @param {() => Entry[]} entries asked anew each time
 * @returns {HTMLElement} the menu, to be put beside the trigger
 */
export function menu(trigger, label, entries) {
  const box = h('div', { class: 'menu', role: 'menu', popover: 'auto', 'aria-label': label });
  trigger.setAttribute('aria-haspopup', 'menu');
  trigger.setAttribute('aria-expanded', 'false');
  trigger.popoverTargetElement = box;
  box.addEventListener('beforetoggle', ({ newState }) => {
    if (newState === 'open') box.replaceChildren(...entries().map((entry) => row(entry, box)));
  });
  box.addEventListener('toggle', ({ newState }) => {
    const open = newState === 'open';
    trigger.setAttribute('aria-expanded', String(open));
    if (!open) {
      const focused = box.getRootNode().activeElement;
      if (!focused || box.contains(focused)) trigger.focus();
      return;
    }
    put(box, trigger);
    (box.querySelector('[aria-checked=true]') ?? box.firstElementChild)?.focus();
  });
  box.addEventListener('keydown', (event) => walk(event, box));
  return box;
}

function row(entry, box) {
  const choice = entry.checked !== undefined;
  return h('button', {
      type: 'button',
      class: entry.danger ? 'menu-row danger' : 'menu-row',
      role: choice ? 'menuitemradio' : 'menuitem',
      'aria-checked': choice ? String(entry.checked) : undefined,
      tabindex: '-1',
      on: {
        click: () => {
          box.hidePopover();
          entry.run();
        },
      },
    },
    entry.icon && icon(entry.icon),
    h('span', { class: 'menu-words' },
      h('span', { class: 'menu-label' }, entry.label, entry.badge && h('span', { class: 'badge' }, entry.badge)),
      entry.detail && h('span', { class: 'menu-detail' }, entry.detail)),
    choice && h('span', { class: 'menu-tick' }, entry.checked && icon('check')),
  );
}

/** Below the trigger where there is room, else above; never outside the window. */
function put(box, trigger) {
  const at = trigger.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = box;
  const below = innerHeight - at.bottom - GAP;
  const top = below >= height || below >= at.top ? at.bottom + GAP : Math.max(GAP, at.top - GAP - height);
  box.style.left = `${Math.max(GAP, Math.min(at.left, innerWidth - width - GAP))}px`;
  box.style.top = `${Math.min(top, Math.max(GAP, innerHeight - height - GAP))}px`;
}

function walk(event, box) {
  const rows = [...box.children];
  const now = rows.indexOf(box.getRootNode().activeElement);
  const to = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (event.key === 'Tab') box.hidePopover();
  if (to === undefined) return;
  event.preventDefault();
  rows.at(to % rows.length)?.focus();
}

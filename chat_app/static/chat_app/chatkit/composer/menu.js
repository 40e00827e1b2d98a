/** A menu that opens from a button: a popover in the top layer, driven by keyboard as well as by pointer. */

import { h } from '../../view/dom.js';
import { float } from './float.js';

/**
 * @typedef {object} Entry
 * @property {string} label
 * @property {() => void} run
 * @property {string} [detail] a second line
 * @property {Element|null} [picture]
 * @property {string} [icon] in place of a picture, by name
 * @property {boolean} [checked] one of a set of choices, and whether it is the chosen one
 * @property {boolean} [disabled]
 * @property {boolean} [danger]
 */

/**
 * Make `trigger` open a menu.
 * @param {object} kit
 * @param {HTMLButtonElement} trigger
 * @param {string} label the menu's name; empty where the trigger's will do
 * @param {() => Entry[]} entries asked anew each time
 * @param {{end?: boolean, above?: boolean}} [options] aligned to the trigger's end; above it rather than below
 * @returns {{element: HTMLElement, open: () => void, remove: () => void}}
 */
export function menu(kit, trigger, label, entries, { end = false, above = false } = {}) {
  const box = h('div', { class: 'menu', role: 'menu', popover: 'auto' });
  // There only while it is open: rows of a list come and go, each with a menu of its own.
  const attach = () => box.isConnected || kit.overlays.append(box);
  trigger.setAttribute('aria-haspopup', 'menu');
  trigger.setAttribute('aria-expanded', 'false');
  trigger.popoverTargetElement = box;
  trigger.addEventListener('click', attach, { capture: true });
  box.addEventListener('beforetoggle', ({ newState }) => {
    if (newState !== 'open') return;
    box.setAttribute('aria-label', label || trigger.getAttribute('aria-label') || trigger.textContent);
    box.replaceChildren(...entries().map((entry) => row(kit, entry, box)));
  });
  box.addEventListener('toggle', ({ newState }) => {
    const open = newState === 'open';
    trigger.setAttribute('aria-expanded', String(open));
    if (open) {
      float(box, trigger.getBoundingClientRect(), { above, end, rtl: kit.dir === 'rtl' });
      (box.querySelector('[aria-checked=true]') ?? usable(box)[0])?.focus();
    } else {
      const focused = box.getRootNode().activeElement;
      if (!focused || box.contains(focused)) trigger.focus();
      box.remove();
    }
  });
  box.addEventListener('keydown', (event) => walk(event, box));
  return {
    element: box,
    open: () => {
      attach();
      box.showPopover();
    },
    remove: () => box.remove(),
  };
}

function row(kit, entry, box) {
  const choice = entry.checked !== undefined;
  const run = () => {
    if (entry.disabled) return;
    box.hidePopover();
    entry.run();
  };
  return h('button', {
      type: 'button',
      class: entry.danger ? 'menu-row danger' : 'menu-row',
      role: choice ? 'menuitemradio' : 'menuitem',
      'aria-checked': choice ? String(entry.checked) : undefined,
      'aria-disabled': entry.disabled ? 'true' : undefined,
      tabindex: '-1',
      on: { click: run },
    },
    entry.picture ?? (entry.icon && kit.icon(entry.icon)),
    h('span', { class: 'menu-words' },
      h('span', { class: 'menu-label', dir: 'auto' }, entry.label),
      entry.detail && h('span', { class: 'menu-detail', dir: 'auto' }, entry.detail)),
    choice && h('span', { class: 'menu-tick' }, entry.checked && kit.icon('check')));
}

function usable(box) {
  return [...box.children].filter((child) => child.getAttribute('aria-disabled') !== 'true');
}

function walk(event, box) {
  const rows = usable(box);
  const now = rows.indexOf(box.getRootNode().activeElement);
  const to = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (event.key === 'Tab') box.hidePopover();
  const found = to === undefined ? named(event, rows, now) : rows.at(to % rows.length);
  if (!found) return;
  event.preventDefault();
  found.focus();
}

/** The next row that begins with the letter typed. */
function named(event, rows, now) {
  if (event.key.length !== 1 || event.key === ' ' || event.ctrlKey || event.metaKey || event.altKey) return undefined;
  const begins = (at) => at.querySelector('.menu-label').textContent.trim().toLowerCase().startsWith(event.key.toLowerCase());
  return [...rows.slice(now + 1), ...rows.slice(0, now + 1)].find(begins);
}

/** Asking before something that cannot be undone. */

import { h } from './dom.js';

/**
 * @param {ShadowRoot | HTMLElement} root where the dialog lives while it is open
 * @returns {Promise<boolean>} whether the person said yes
 */
export function confirm(root, { title, text, yes }) {
  return new Promise((resolve) => {
    const close = (value) => dialog.close(value);
    const cancel = h('button', { type: 'button', class: 'button quiet', on: { click: () => close('') } }, 'Cancel');
    const dialog = h('dialog', {
        class: 'dialog',
        'aria-label': title,
        on: {
          close: () => {
            dialog.remove();
            resolve(dialog.returnValue === 'yes');
          },
          click: (event) => event.target === dialog && close(''),
        },
      },
      h('div', { class: 'dialog-body' },
        h('h2', {}, title),
        h('p', { dir: 'auto' }, text),
        h('div', { class: 'dialog-foot' }, cancel,
          h('button', { type: 'button', class: 'button danger-solid', on: { click: () => close('yes') } }, yes))),
    );
    root.append(dialog);
    dialog.showModal();
    cancel.focus();
  });
}

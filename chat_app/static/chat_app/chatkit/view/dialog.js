/** Asking before something that cannot be undone. */

import { h } from '../../view/dom.js';

/** @returns {Promise<boolean>} whether the person said yes */
export function confirm(kit, { title, text, yes }) {
  return new Promise((resolve) => {
    const cancel = h('button', { type: 'button', class: 'button quiet', on: { click: () => dialog.close('') } }, h('span', {}, kit.t('frame.cancel')));
    const agree = h('button', { type: 'button', class: 'button danger-solid', on: { click: () => dialog.close('yes') } }, h('span', {}, yes));
    const dialog = h('dialog', {
        class: 'dialog',
        'aria-label': title,
        on: {
          close: () => {
            dialog.remove();
            resolve(dialog.returnValue === 'yes');
          },
          click: (event) => event.target === dialog && dialog.close(''),
        },
      },
      h('div', { class: 'dialog-body' }, h('h2', {}, title), h('p', { dir: 'auto' }, text), h('div', { class: 'dialog-foot' }, cancel, agree)));
    kit.overlays.append(dialog);
    dialog.showModal();
    cancel.focus();
  });
}

/** Dropping files anywhere on the chat, and the veil that says that one may. */

import { h } from '../../view/dom.js';

/**
 * @param {object} kit
 * @param {() => boolean} open whether files are taken at the moment
 * @param {(files: FileList) => void} take
 * @returns {() => void} stops listening
 */
export function dropZone(kit, open, take) {
  const veil = h('div', { class: 'drop-veil', hidden: true, 'aria-hidden': 'true' },
    h('div', { class: 'drop-words' }, kit.icon('upload'), h('span', {}, kit.t('attachments.drop'))));
  kit.overlays.append(veil);
  let away;
  const carries = (event) => event.dataTransfer?.types.includes('Files') && open();
  const over = (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
    veil.hidden = false;
    // `dragleave` comes for every element on the way; that `dragover` has ceased is the surer sign.
    clearTimeout(away);
    away = setTimeout(hide, 250);
  };
  const hide = () => {
    clearTimeout(away);
    veil.hidden = true;
  };
  const drop = (event) => {
    hide();
    if (!carries(event)) return;
    event.preventDefault();
    take(event.dataTransfer.files);
  };
  const listeners = { dragenter: over, dragover: over, drop };
  for (const [type, run] of Object.entries(listeners)) kit.host.addEventListener(type, run);
  return () => {
    for (const [type, run] of Object.entries(listeners)) kit.host.removeEventListener(type, run);
    hide();
    veil.remove();
  };
}

/** The card that an entity shows when it is pointed at or focused: asked of the app, drawn as a widget, closed by Escape. */

import { h } from '../../view/dom.js';
import { float } from './float.js';

const WAIT = 350; // ms on a chip before its card opens
const GRACE = 200; // ms to get from a chip into its card

let count = 0;

/**
 * Give `chip` a preview.
 * @param {object} kit
 * @param {HTMLElement} chip
 * @param {() => object} entity what the app is asked about
 */
export function preview(kit, chip, entity) {
  let card = null;
  let asked;
  let timer;
  let wanted = false;

  const open = async () => {
    wanted = true;
    asked ??= ask(kit, entity());
    const widget = await asked;
    if (!widget) asked = undefined; // the app may have one the next time
    if (!widget || !wanted || card || !chip.isConnected) return;
    const view = await draw(kit, widget);
    if (view && wanted && !card && chip.isConnected) card = show(kit, chip, view, { hold, leave, close });
  };
  const close = () => {
    clearTimeout(timer);
    wanted = false;
    card?.remove();
    card = null;
    chip.removeAttribute('aria-describedby');
  };
  const hold = () => clearTimeout(timer);
  const leave = () => {
    clearTimeout(timer);
    wanted = Boolean(card);
    timer = setTimeout(close, GRACE);
  };

  chip.addEventListener('pointerenter', ({ pointerType }) => {
    clearTimeout(timer);
    if (pointerType !== 'touch') timer = setTimeout(open, WAIT);
  });
  chip.addEventListener('pointerleave', leave);
  chip.addEventListener('focus', open);
  chip.addEventListener('blur', leave);
  chip.addEventListener('click', close);
  chip.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !card) return;
    event.stopPropagation();
    close();
  });
}

async function ask(kit, entity) {
  try {
    return (await kit.options.entities.onRequestPreview?.(entity))?.preview ?? null;
  } catch (error) {
    kit.report(error);
    return null;
  }
}

/** Widgets are a large part of the chat, and not every chat has any: they are loaded when one is first shown. */
async function draw(kit, widget) {
  try {
    const [{ previewOf }] = await Promise.all([import('../widgets/index.js'), kit.style('widgets')]);
    return previewOf(kit, widget);
  } catch (error) {
    kit.report(error);
    return null;
  }
}

function show(kit, chip, view, { hold, leave, close }) {
  count += 1;
  const card = h('div', {
    class: 'tag-preview',
    id: `tag-preview-${count}`,
    role: 'tooltip',
    popover: 'manual',
    on: { pointerenter: hold, pointerleave: leave },
  }, view);
  kit.overlays.append(card);
  card.showPopover();
  chip.setAttribute('aria-describedby', card.id);
  float(card, chip.getBoundingClientRect(), { above: true });
  // A card does not follow the text that it belongs to: it goes when that is scrolled away.
  const gone = (event) => {
    if (!card.isConnected) removeEventListener('scroll', gone, true);
    else if (!card.contains(event.target)) close();
  };
  addEventListener('scroll', gone, { capture: true, passive: true });
  // Nor does it outlive the chip, which may be deleted or sent under the pointer.
  const watch = setInterval(() => {
    if (!chip.isConnected) close();
    if (!card.isConnected) clearInterval(watch);
  }, 300);
  return card;
}

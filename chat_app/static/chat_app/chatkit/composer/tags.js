/** Tags as one sees them: the chip in the field and in messages, and its icon. What it shows when pointed at: preview.js. */

import { h } from '../../view/dom.js';
import { safeImage } from '../urls.js';
import { entityOf } from './content.js';

const tags = new WeakMap(); // chip -> tag
const icons = new WeakMap(); // kit -> Map of tag id -> icon, which a message has no room for

/** Remember the icon that an entity was found with, for chips that are made of it. */
export function keepIcon(kit, { id, icon }) {
  if (!icon) return;
  if (!icons.has(kit)) icons.set(kit, new Map());
  icons.get(kit).set(id, icon);
}

/** The tag that a chip stands for. */
export function tagIn(chip) {
  return tags.get(chip);
}

/** A picture for an entity or a command: one of our icons by name, or an image by address; null for what is neither. */
export function picture(kit, name, className = 'entity-icon') {
  if (typeof name !== 'string' || !name) return null;
  if (/^[a-z][a-z0-9-]*$/.test(name) || /^lucide:[a-z0-9-]+$/.test(name)) return kit.icon(name, { class: className });
  const src = /^(?:https?:|data:|blob:|\.{0,2}\/)/i.test(name) ? safeImage(name) : null;
  return src ? h('img', { class: className, src, alt: '', loading: 'lazy', referrerpolicy: 'no-referrer' }) : null;
}

/**
 * A chip.
 * @param {object} kit
 * @param {{id: string, text: string, interactive?: boolean}} tag an `input_tag` of UserMessageContent
 * @param {{editing?: {replace: Function, focus: Function, element: Element}}} [options] the field that it stands in, if it does
 * @returns {HTMLElement}
 */
export function tagChip(kit, tag, { editing } = {}) {
  const { onClick, onRequestPreview } = kit.options.entities ?? {};
  const live = Boolean(tag.interactive && (onClick || onRequestPreview));
  const icon = icons.get(kit)?.get(tag.id);
  const chip = h(live && !editing ? 'button' : 'span', {
      class: live ? 'tag tag-live' : 'tag',
      type: live && !editing ? 'button' : undefined,
      role: live && editing ? 'button' : undefined,
      tabindex: live && editing ? '0' : undefined,
      contenteditable: editing ? 'false' : undefined,
      translate: 'no',
    },
    picture(kit, icon, 'tag-icon'),
    h('span', { class: 'tag-text', dir: 'auto' }, tag.text));
  tags.set(chip, tag);
  if (live && onRequestPreview) void previewed(kit, chip, () => entityOf(tag, icon));
  if (live && onClick) chip.addEventListener('click', () => tell(kit, entityOf(tag, icon)));
  if (live && editing) chip.addEventListener('keydown', (event) => chipKey(event, chip, editing));
  return chip;
}

async function previewed(kit, chip, entity) {
  try {
    const { preview } = await import('./preview.js');
    preview(kit, chip, entity);
  } catch (error) {
    kit.report(error);
  }
}

async function tell(kit, entity) {
  try {
    await kit.options.entities.onClick?.(entity);
  } catch (error) {
    kit.report(error);
  }
}

/** A chip with the focus, in the field: pressed, removed, or left for the text. */
function chipKey(event, chip, field) {
  const nodes = [...field.element.childNodes];
  const place = nodes.slice(0, nodes.indexOf(chip)).reduce((sum, node) => sum + (tags.has(node) ? 1 : (node.length ?? 0)), 0);
  if (event.key === 'Enter' || event.key === ' ') {
    chip.click();
  } else if (event.key === 'Backspace' || event.key === 'Delete') {
    field.last = { start: place, end: place };
    field.replace({ start: place, end: place + 1 }, []);
    field.focus();
  } else if (event.key.startsWith('Arrow')) {
    const onward = getComputedStyle(field.element).direction === 'ltr' ? 'ArrowRight' : 'ArrowLeft';
    const after = event.key === 'ArrowDown' || event.key === onward;
    field.last = { start: place + Number(after), end: place + Number(after) };
    field.focus();
  } else {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
}

/** Carrying out an action once, and showing that it is under way: on the control itself, or on all that surrounds it. */

import { merged } from './scope.js';

const MODES = ['auto', 'none', 'self', 'container'];

/** Something whose controls rest while an action is under way. A disabled fieldset also holds what is added meanwhile. */
export class Busy {
  /**
   * @param {HTMLElement} element says that it is busy
   * @param {HTMLFieldSetElement} fields holds the controls
   */
  constructor(element, fields) {
    this.element = element;
    this.fields = fields;
    this.running = 0;
  }

  begin() {
    this.running += 1;
    if (this.running > 1) return;
    const root = this.element.getRootNode();
    this.focused = this.element.contains(root.activeElement) ? root.activeElement : undefined;
    this.element.setAttribute('aria-busy', 'true');
    this.fields.disabled = true;
  }

  end() {
    this.running -= 1;
    if (this.running > 0) return;
    this.element.removeAttribute('aria-busy');
    this.fields.disabled = false;
    const now = this.element.getRootNode().activeElement ?? null;
    const lost = !now || now === document.body || now === this.focused;
    if (lost && this.focused?.isConnected) this.focused.focus({ preventScroll: true }); // a disabled control had let it go
    this.focused = undefined;
  }
}

/**
 * Carry out an action that a control of a widget asks for.
 * @param {import('./children.js').Context} cx
 * @param {unknown} action an ActionConfig; anything else is nothing to do
 * @param {object} options
 * @param {HTMLElement} options.source the control
 * @param {'none'|'self'|'container'} [options.auto] what `loadingBehavior: 'auto'` means here
 * @param {object} [options.values] values of the control itself, where it is in no form
 * @returns {Promise<boolean>} whether it was carried out
 */
export async function perform(cx, action, { source, auto = 'self', values = {} }) {
  if (!action || typeof action !== 'object' || typeof action.type !== 'string') return false;
  if (source.getAttribute('aria-busy') === 'true' || cx.container.running) return false;
  const asked = MODES.includes(action.loadingBehavior) ? action.loadingBehavior : 'auto';
  const mode = asked === 'auto' ? auto : asked;
  const payload = merged(action.payload, cx.scope.form ? cx.scope.values() : values);
  if (mode !== 'none') source.setAttribute('aria-busy', 'true');
  if (mode === 'container') cx.container.begin();
  try {
    await cx.kit.chat.action(payload === undefined ? { ...action } : { ...action, payload }, cx.item());
    return true;
  } catch (error) {
    cx.kit.report(error);
    return false;
  } finally {
    if (mode !== 'none') source.removeAttribute('aria-busy');
    if (mode === 'container') cx.container.end();
  }
}

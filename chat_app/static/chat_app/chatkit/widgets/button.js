/** Button, and the face that a card's own two buttons share with it. */

import { fill, h, setAttr } from '../../view/dom.js';
import { perform } from './busy.js';
import { setVariant } from './styles.js';
import { oneOf, text } from './values.js';

export const CONTROL_SIZES = ['3xs', '2xs', 'xs', 'sm', 'md', 'lg', 'xl', '2xl', '3xl'];
export const VARIANTS = ['solid', 'soft', 'outline', 'ghost'];
const COLOURS = ['primary', 'secondary', 'info', 'discovery', 'success', 'caution', 'warning', 'danger'];
const ICON_SIZES = ['sm', 'md', 'lg', 'xl', '2xl'];
const PRESETS = { primary: { color: 'primary', variant: 'solid' }, secondary: { color: 'secondary', variant: 'outline' } };

/** How a button looks; what it does is its owner's business. */
export class ButtonFace {
  constructor(kit, props = {}) {
    this.kit = kit;
    this.element = h(
      'button',
      { type: 'button', ...props, class: `w-button ${props.class ?? ''}`.trim() },
      h('span', { class: 'w-spin' }, kit.icon('spinner')),
    );
    this.content = h('span', { class: 'w-button-content' });
    this.element.append(this.content);
  }

  update(spec) {
    const preset = PRESETS[oneOf(spec.style, PRESETS)] ?? { color: 'secondary', variant: 'solid' };
    const { element } = this;
    setVariant(element, 'w-c-', oneOf(spec.color, COLOURS, preset.color));
    setVariant(element, 'w-v-', oneOf(spec.variant, VARIANTS, preset.variant));
    setVariant(element, 'w-s-', oneOf(spec.size, CONTROL_SIZES, 'lg'));
    setVariant(element, 'w-i-', oneOf(spec.iconSize, ICON_SIZES));
    const label = text(spec.label);
    const bare = !label && (spec.iconStart || spec.iconEnd);
    element.classList.toggle('w-pill', spec.pill === true);
    element.classList.toggle('w-square', spec.pill === false);
    element.classList.toggle('w-uniform', spec.uniform === true || Boolean(bare && spec.uniform !== false));
    element.classList.toggle('w-block', spec.block === true);
    setAttr(element, 'disabled', spec.disabled === true);
    element.hidden = !label && !bare; // a button of nothing says nothing
    setAttr(element, 'aria-label', bare && readable(text(spec.iconStart) || text(spec.iconEnd)));
    const face = JSON.stringify([label, spec.iconStart, spec.iconEnd]);
    if (face === this.face) return;
    this.face = face;
    fill(
      this.content,
      named(spec.iconStart) && this.kit.icon(spec.iconStart),
      label && h('span', { class: 'w-button-label', dir: 'auto' }, label),
      named(spec.iconEnd) && this.kit.icon(spec.iconEnd),
    );
  }
}

function named(value) {
  return typeof value === 'string' && value !== '';
}

/** An icon's name as words, for a button that has no others. */
function readable(name) {
  return name.replace(/^\w+:/, '').replaceAll('-', ' ');
}

export class Button extends ButtonFace {
  static shape(spec) {
    return spec.submit === true ? 'submit' : '';
  }

  constructor(cx, spec) {
    const submit = Button.shape(spec) === 'submit';
    super(cx.kit, { type: submit ? 'submit' : 'button' });
    this.cx = cx;
    this.element.addEventListener('click', (event) => this.#click(event, submit && cx.scope.form));
  }

  update(spec) {
    super.update(spec);
    this.element.ownAction = spec.onClickAction; // of a submit button: sent in the place of the form's own
  }

  #click(event, submits) {
    if (event.detail > 1) event.preventDefault();
    if (submits || event.detail > 1) return; // the form hears of it
    perform(this.cx, this.spec.onClickAction, { source: this.element });
  }
}

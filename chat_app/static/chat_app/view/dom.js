/** Making elements. No HTML text is ever parsed here: children are nodes or plain text. */

/**
 * An element.
 * @param {string} tag
 * @param {object} [props] `class`, `on` ({event: listener}), `hidden`, or any attribute; undefined, null and false are left out
 * @param {...(Node | string | false | null | undefined)} children
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'on') for (const [type, run] of Object.entries(value)) element.addEventListener(type, run);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...real(children));
  return element;
}

/** Put these in the place of all that an element holds; undefined, null and false are left out. */
export function fill(element, ...children) {
  element.replaceChildren(...real(children));
}

function real(children) {
  return children.filter((child) => child !== undefined && child !== null && child !== false);
}

/** A button with an icon; `label` is its name, and its words too when `words` is set. */
export function iconButton(label, picture, run, { words = false, ...props } = {}) {
  const named = words ? {} : { 'aria-label': label, title: label };
  return h('button', { type: 'button', ...named, on: { click: run }, ...props, class: `button ${props.class ?? ''}`.trim() },
    picture, words && h('span', {}, label));
}

/** Set text only where it differs, so that nothing is announced or selected anew for nothing. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Set or remove an attribute, only where it differs. */
export function setAttr(element, name, value) {
  const wanted = value === true ? '' : value;
  if (value === undefined || value === null || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(wanted)) element.setAttribute(name, wanted);
}

/** Make `parent`'s children be `nodes`, in order, moving as little as possible. */
export function place(parent, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  let next = parent.firstElementChild;
  for (const node of nodes) {
    if (node === next) next = next.nextElementSibling;
    else parent.insertBefore(node, next);
  }
}

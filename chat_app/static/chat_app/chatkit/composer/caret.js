/**
 * Places in the field as numbers, and the page's selection as such places. A place counts one for each UTF-16 unit of text and
 * one for each tag, so it outlives that the field's nodes are made anew.
 */

/** The selection inside `root`, which may be a shadow root: browsers differ in who tells it. */
export function rangeIn(root) {
  const own = root.getSelection?.(); // Chromium
  if (own) return own.rangeCount ? own.getRangeAt(0) : null;
  const selection = document.getSelection();
  if (!selection?.rangeCount) return null;
  if (root instanceof ShadowRoot && selection.getComposedRanges) {
    const [found] = composed(selection, root);
    return found ?? null;
  }
  return selection.getRangeAt(0);
}

function composed(selection, root) {
  const ranges = selection.getComposedRanges({ shadowRoots: [root] });
  // Safari before 18.4 takes the roots themselves, and leaves the range outside of them otherwise.
  return root.contains(ranges[0]?.startContainer) ? ranges : selection.getComposedRanges(root);
}

export function isTag(node) {
  return node?.nodeType === Node.ELEMENT_NODE && node.classList.contains('tag');
}

/** How much of the field a node takes up. */
export function sizeOf(node) {
  if (node.nodeType === Node.TEXT_NODE) return node.length;
  if (isTag(node)) return 1;
  return 0;
}

/** The place of a point of the page, or null where it is not in the field. */
export function placeOf(field, container, offset) {
  if (container === field) return before(field, field.childNodes[offset] ?? null);
  if (!field.contains(container)) return null;
  const child = childOf(field, container);
  const start = before(field, child);
  if (isTag(child)) return start + (container === child && offset === 0 ? 0 : 1);
  return start + (container === child ? Math.min(offset, sizeOf(child)) : 0);
}

function childOf(field, node) {
  let child = node;
  while (child.parentNode !== field) child = child.parentNode;
  return child;
}

function before(field, child) {
  let place = 0;
  for (const node of field.childNodes) {
    if (node === child) break;
    place += sizeOf(node);
  }
  return place;
}

/** The point of the page for a place: inside a text where there is one, for carets there are drawn by every browser. */
export function pointOf(field, place) {
  let left = place;
  for (const node of field.childNodes) {
    const size = sizeOf(node);
    if (node.nodeType === Node.TEXT_NODE && left <= size) return [node, left];
    if (left <= 0) return [field, [...field.childNodes].indexOf(node)];
    left -= size;
  }
  return [field, field.lastChild?.nodeName === 'BR' ? field.childNodes.length - 1 : field.childNodes.length];
}

/** `{start, end}` of the selection in the field, or null while it is elsewhere. */
export function selectionIn(field) {
  const range = rangeIn(field.getRootNode());
  if (!range) return null;
  const start = placeOf(field, range.startContainer, range.startOffset);
  const end = placeOf(field, range.endContainer, range.endOffset);
  return start === null || end === null ? null : { start, end };
}

export function select(field, start, end = start) {
  document.getSelection()?.setBaseAndExtent(...pointOf(field, start), ...pointOf(field, end));
}

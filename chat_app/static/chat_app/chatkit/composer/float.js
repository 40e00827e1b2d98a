/** Where something that floats stands: beside its anchor, within the window. */

const GAP = 6;

/**
 * Place a shown popover at a box of the window.
 * @param {HTMLElement} box
 * @param {DOMRect} at
 * @param {{above?: boolean, end?: boolean, wide?: boolean, rtl?: boolean}} [wish] above rather than below, aligned to the end
 *   rather than to the start, at least as wide as the anchor; `rtl` where the start is on the right
 */
export function float(box, at, { above = false, end = false, wide = false, rtl = false } = {}) {
  const { style } = box;
  const [width, height] = [document.documentElement.clientWidth, innerHeight];
  style.setProperty('max-inline-size', `${width - 2 * GAP}px`);
  if (wide) style.setProperty('inline-size', `${Math.min(at.width, width - 2 * GAP)}px`);
  const [over, under] = [at.top - 2 * GAP, height - at.bottom - 2 * GAP];
  style.setProperty('max-block-size', '');
  const wanted = box.offsetHeight;
  const up = above ? over >= wanted || over >= under : under < wanted && over > under;
  style.setProperty('max-block-size', `${Math.max(up ? over : under, 96)}px`);
  const left = end !== rtl ? at.right - box.offsetWidth : at.left;
  style.setProperty('left', `${Math.max(GAP, Math.min(left, width - box.offsetWidth - GAP))}px`);
  // Held by the edge that it grows away from, so that it stays at its anchor when its content changes.
  style.setProperty('top', up ? 'auto' : `${at.bottom + GAP}px`);
  style.setProperty('bottom', up ? `${height - at.top + GAP}px` : 'auto');
}

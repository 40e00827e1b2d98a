/** Where something that floats stands at a side of its anchor: where it is wanted, or over against it where there is more room. */

const GAP = 6;
const AGAINST = { top: 'bottom', bottom: 'top', left: 'right', right: 'left' };

/**
 * Place a shown popover at a box of the window.
 * @param {HTMLElement} box
 * @param {DOMRect} at
 * @param {{side?: 'top'|'bottom'|'left'|'right', align?: 'start'|'center'|'end', rtl?: boolean}} wish `rtl` where left and
 *   start are on the right
 */
export function beside(box, at, { side = 'bottom', align = 'start', rtl = false }) {
  const [width, height] = [document.documentElement.clientWidth, innerHeight];
  const size = [box.offsetWidth, box.offsetHeight];
  const room = { top: at.top, bottom: height - at.bottom, left: at.left, right: width - at.right };
  const fits = (one) => room[one] >= size[one === 'top' || one === 'bottom' ? 1 : 0] + 2 * GAP;
  const wanted = rtl && (side === 'left' || side === 'right') ? AGAINST[side] : side;
  const tried = [wanted, AGAINST[wanted], 'bottom', 'top'];
  const found = tried.find(fits) ?? (room.bottom >= room.top ? 'bottom' : 'top');
  const flat = found === 'top' || found === 'bottom';
  const along = flat ? span(at.left, at.right, size[0], rtl ? { start: 'end', end: 'start' }[align] ?? align : align)
    : span(at.top, at.bottom, size[1], align);
  const across = { top: at.top - GAP - size[1], bottom: at.bottom + GAP, left: at.left - GAP - size[0], right: at.right + GAP }[found];
  const [left, top] = flat ? [along, across] : [across, along];
  box.style.setProperty('left', `${Math.max(GAP, Math.min(left, width - size[0] - GAP))}px`);
  box.style.setProperty('top', `${Math.max(GAP, Math.min(top, height - size[1] - GAP))}px`);
  box.dataset.side = found;
}

function span(from, to, size, align) {
  if (align === 'center') return (from + to - size) / 2;
  return align === 'end' ? to - size : from;
}

/**
 * Where a list that is still being written may be cut, so that its first items are left alone. What is cut off must be shown as
 * it would be within the whole: as items of the same list, loose or tight as that is.
 */

const BLANK_END = /\n[ \t]*\n[ \t]*$/;
const MARK = /^ {0,3}(?:\d{1,9}([.)])|([-+*]))/;

/**
 * How many of the first items stay as they are, whatever comes. The last one may turn out to be words of the one before it, and a
 * loose list keeps one more, so that what is left of it is loose by itself.
 */
export function settledItems({ items, loose, raw }) {
  const count = items.length - (loose ? 3 : 2);
  const whole = raw.includes('<') || (loose && count > 0 && !BLANK_END.test(items[count].raw));
  return whole ? 0 : Math.max(0, count);
}

/** What a list is, as far as what is left of it must be that too. */
export function kindOf({ ordered, loose, raw }) {
  const [, delimiter, bullet] = MARK.exec(raw) ?? [];
  return { ordered, loose, mark: delimiter ?? bullet };
}

/** @returns {boolean} whether this token is what is left of a list of that kind; raw HTML left open would reach from item to item */
export function goesOnAs(kind, token) {
  if (token?.type !== 'list' || token.raw.includes('<')) return false;
  const now = kindOf(token);
  return now.mark !== undefined && Object.keys(now).every((name) => now[name] === kind[name]);
}

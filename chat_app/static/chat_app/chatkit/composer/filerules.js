/** Which files may be attached: types, sizes, how many. Pure rules; what is said about a refusal is the tray's. */

export const MOST_BYTES = 100 * 1024 * 1024;
export const MOST_FILES = 10;

/** What a file input's `accept` takes, or undefined where every file is accepted. */
export function acceptOf({ accept } = {}) {
  const kinds = Object.entries(accept ?? {}).flatMap(([type, endings]) => [type, ...(endings ?? [])]).filter(Boolean);
  return kinds.length ? [...new Set(kinds)].join(',') : undefined;
}

/** By its type or by its ending: a browser does not know every type. */
export function isAccepted(file, { accept } = {}) {
  const kinds = Object.entries(accept ?? {});
  if (!kinds.length) return true;
  const name = file.name.toLowerCase();
  return kinds.some(([pattern, endings]) =>
    fits(file.type, pattern) || (endings ?? []).some((ending) => name.endsWith(ending.toLowerCase())));
}

/** Most bytes for a file of this type: by the closest pattern, else by '*' or '', else 100 MiB. */
export function limitOf(type, maxSize) {
  if (typeof maxSize === 'number') return maxSize;
  const patterns = Object.entries(maxSize ?? {});
  const limits = Object.fromEntries(patterns.map(([pattern, most]) => [pattern.toLowerCase().trim(), most]));
  const kind = type.toLowerCase();
  const closest = [kind, `${kind.split('/')[0]}/*`, '*/*', '*', ''].find((name) => typeof limits[name] === 'number');
  return closest === undefined ? MOST_BYTES : limits[closest];
}

/**
 * @param {File[]} files
 * @param {number} held how many there are already
 * @returns {{taken: File[], refused: {file: File, why: 'type'|'size'|'count', limit?: number}[]}}
 */
export function sift(files, held, options) {
  const taken = [];
  const refused = [];
  const most = options.maxCount ?? MOST_FILES;
  for (const file of files) {
    const limit = limitOf(file.type, options.maxSize);
    if (!isAccepted(file, options)) refused.push({ file, why: 'type' });
    else if (file.size > limit) refused.push({ file, why: 'size', limit });
    else if (held + taken.length >= most) refused.push({ file, why: 'count', limit: most });
    else taken.push(file);
  }
  return { taken, refused };
}

function fits(type, pattern) {
  const [kind, wanted] = [type.toLowerCase(), pattern.toLowerCase().trim()];
  if (wanted === '*' || wanted === '*/*') return true;
  if (wanted.endsWith('/*')) return kind.startsWith(wanted.slice(0, -1));
  return kind === wanted;
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];

/** A size in words of the language. */
export function sizeWords(bytes, locale) {
  const step = bytes > 0 ? Math.min(UNITS.length - 1, Math.floor(Math.log(bytes) / Math.log(1024))) : 0;
  const value = bytes / 1024 ** step;
  const digits = { maximumFractionDigits: value < 10 && step > 1 ? 1 : 0 };
  const style = { style: 'unit', unit: UNITS[step], unitDisplay: step ? 'short' : 'long', ...digits };
  return new Intl.NumberFormat(locale, style).format(value);
}

/** A page's own fonts: names that are safe in a sheet, and faces in the document, since a shadow root may not declare any. */

const GENERIC = new Set(('serif sans-serif monospace cursive fantasy system-ui ui-serif ui-sans-serif ui-monospace ui-rounded '
  + 'math emoji fangsong -apple-system BlinkMacSystemFont').split(' '));
const RANGE = /^U\+[\da-f?]{1,6}(-[\da-f]{1,6})?(\s*,\s*U\+[\da-f?]{1,6}(-[\da-f]{1,6})?)*$/i;
const WEIGHT = /^(normal|bold|\d{1,4}( \d{1,4})?)$/;
const STYLES = ['normal', 'italic', 'oblique'];
const DISPLAYS = ['auto', 'block', 'swap', 'fallback', 'optional'];
const PROTOCOLS = ['http:', 'https:', 'data:', 'blob:'];

/** What has been put into the document, by all that describes it: a face is added once however often options are set. */
const installed = new Map();

/**
 * A `font-family` list in which every name is quoted anew, so that none can end the declaration.
 * @param {unknown} text
 * @returns {string|null} null where it is no list of names
 */
export function familyList(text) {
  if (typeof text !== 'string' || text.length > 500) return null;
  const names = text.split(',').map((name) => family(name.trim()));
  return names.every(Boolean) ? names.join(', ') : null;
}

function family(name) {
  if (GENERIC.has(name)) return name;
  const bare = /^(["'])([^"'\\]+)\1$/.exec(name)?.[2] ?? name;
  return isName(bare) ? `"${bare}"` : null;
}

/** Letters, digits and what joins them: what families are called, in any script. */
const isName = (name) => /^[\p{L}\p{M}\p{N} _.&+-]{1,100}$/u.test(name);

/**
 * Put faces into the document. A face that is not valid is left out and told of.
 * @param {import('@openai/chatkit').FontObject[]} sources
 * @param {(option: string, value: unknown) => void} ignore
 */
export function installFonts(sources, ignore = (option, value) => console.warn(`chatkit: ${option} is ignored`, value)) {
  for (const [at, source] of sources.entries()) {
    const option = `theme.typography.fontSources[${at}]`;
    const described = describe(source);
    if (!described) {
      ignore(option, source);
      continue;
    }
    const key = JSON.stringify(described);
    if (installed.has(key)) continue;
    const [name, src, descriptors] = described;
    try {
      const face = new FontFace(name, src, descriptors);
      installed.set(key, face);
      document.fonts.add(face);
    } catch {
      // What the checks let through and the browser does not know, as a weight of 2000.
      ignore(option, source);
    }
  }
}

/** @returns {[string, string, object]|null} what `new FontFace()` takes */
function describe(source) {
  const { family: name, src, weight, style, display, unicodeRange } = source ?? {};
  const url = address(src);
  if (typeof name !== 'string' || !isName(name) || !url) return null;
  if (weight !== undefined && !WEIGHT.test(String(weight))) return null;
  if (style !== undefined && !STYLES.includes(style)) return null;
  if (display !== undefined && !DISPLAYS.includes(display)) return null;
  if (unicodeRange !== undefined && !RANGE.test(String(unicodeRange))) return null;
  const descriptors = { weight: weight && String(weight), style, display: display ?? 'swap', unicodeRange };
  const given = Object.entries(descriptors).filter(([, value]) => value !== undefined);
  return [name, `url("${url}")`, Object.fromEntries(given)];
}

function address(src) {
  if (typeof src !== 'string' || !URL.canParse(src, document.baseURI)) return null;
  const url = new URL(src, document.baseURI);
  if (!PROTOCOLS.includes(url.protocol)) return null;
  // A data URL keeps its quotation marks, which would end the url() around it.
  return url.href.replace(/["\\\s]/g, encodeURIComponent);
}

/** Data made hostile, and a look at what was made of it. Loaded into a page by the tests of safety. */

const ALLOWED = new Set(['http:', 'https:', 'mailto:', 'tel:', 'chatkit-link:']);
const BANNED = /^(script|style|iframe|object|embed|link|meta|base|math|template|slot|video|audio|source|frame|frameset|portal|foreignobject|animate|set|use|image)$/i;
const KEPT = new Set(['type', 'status_indicator', 'handler', 'chartType']);

/** A copy in which each text, the types apart, is the next of `payloads`, from the place `turn` on. */
export function poison(value, payloads, turn) {
  let at = turn;
  const next = () => payloads[(at++) % payloads.length];
  const copy = (one, key) => {
    if (Array.isArray(one)) return one.map((entry) => copy(entry, key));
    if (one && typeof one === 'object') return Object.fromEntries(Object.entries(one).map(([name, entry]) => [name, copy(entry, name)]));
    return typeof one === 'string' && !KEPT.has(key) ? next() : one;
  };
  return copy(value, '');
}

/** The same with numbers too, for what has a size. */
export function poisonAll(value, payloads, turn) {
  let at = turn;
  const copy = (one, key) => {
    if (Array.isArray(one)) return one.map((entry) => copy(entry, key));
    if (one && typeof one === 'object') return Object.fromEntries(Object.entries(one).map(([name, entry]) => [name, copy(entry, name)]));
    return KEPT.has(key) ? one : payloads[(at++) % payloads.length];
  };
  return copy(value, '');
}

/** Whatever must not be in the element, or in a part of it, whatever was written. */
export function audit(part) {
  const bad = [];
  if (window.pwned !== undefined) bad.push('pwned');
  for (const key of ['polluted', 'innerHTML']) if (key in {} || key in []) bad.push(`polluted ${key}`);
  const root = part ?? document.querySelector('openai-chatkit').shadowRoot;
  for (const element of root.querySelectorAll('*:not(.history-foot > slot)')) look(element, bad);
  if (document.querySelectorAll('script').length !== 2 || document.querySelectorAll('iframe, base').length) bad.push('something in the document');
  return bad;
}

function look(element, bad) {
  const name = element.localName;
  const where = `${name}.${element.getAttribute('class') ?? ''}`;
  if (BANNED.test(name)) bad.push(name);
  if (name.includes('-') || element.hasAttribute('is')) bad.push(`custom ${name}`);
  if (name === 'a' && element.namespaceURI.endsWith('svg')) bad.push('svg link');
  for (const attribute of element.attributes) {
    if (/^(on|srcdoc|action$|formaction|xlink:|background$|ping$)/i.test(attribute.name)) bad.push(`${where} ${attribute.name}`);
    if (/^(href|src|poster|data)$/.test(attribute.name)) address(attribute.value, name, element, bad, where);
  }
  const style = element.getAttribute('style') ?? '';
  if (/url\(|image-set|expression|@import|javascript:|elsewhere/i.test(style) || element.style?.position === 'fixed') bad.push(`${where} style ${style}`);
}

function address(text, name, element, bad, where) {
  if (name === 'img' || element.matches('.made-tool')) {
    if (/^data:image\/(png|jpeg|gif|webp|avif)[;,]/i.test(text) || text.startsWith('blob:http')) return;
  }
  let protocol;
  try {
    ({ protocol } = new URL(text, document.baseURI));
  } catch {
    return; // leads nowhere
  }
  if (!ALLOWED.has(protocol)) bad.push(`${where} leads to ${text.slice(0, 80)}`);
  if (name === 'a' && element.target === '_blank' && !/noopener/.test(element.rel)) bad.push(`${where} ${element.rel}`);
}

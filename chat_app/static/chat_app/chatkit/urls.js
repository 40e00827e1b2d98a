/** The only judges of addresses that come from data: which may be a link, which may be a picture. Nothing is fetched here. */

const LINKS = new Set(['http:', 'https:', 'mailto:', 'tel:']);
const PICTURES = /^data:image\/(?:png|jpeg|gif|webp|avif)[;,]/i;

/** @returns {string|null} what may stand in an href: http, https, mailto, tel, or an address relative to the page */
export function safeLink(url) {
  const found = parse(url, document.baseURI);
  return found && LINKS.has(found.protocol) ? found.href : null;
}

/**
 * @param {string} url
 * @param {{origin?: string}} [options] what relative addresses are relative to; the page where it is left out
 * @returns {string|null} what may stand in an image's src: http, https, a blob of this page, or a picture of a raster format as data
 */
export function safeImage(url, { origin } = {}) {
  const found = parse(url, origin ?? document.baseURI);
  if (!found) return null;
  if (found.protocol === 'data:') return PICTURES.test(found.href) ? found.href : null;
  const own = found.protocol === 'blob:' && found.origin === globalThis.origin;
  return own || found.protocol === 'http:' || found.protocol === 'https:' ? found.href : null;
}

function parse(url, base) {
  if (typeof url !== 'string' || !url.trim()) return undefined;
  try {
    return new URL(url, base);
  } catch {
    return undefined; // not an address: the caller shows its words without a link
  }
}

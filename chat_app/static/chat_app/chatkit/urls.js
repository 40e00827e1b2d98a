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
 * @param {object} [options]
 * @param {string} [options.origin] what relative addresses are relative to; the page where it is left out
 * @param {string[]|null} [options.domains] where pictures may come from, `*.` before a domain for what is below it; anywhere
 *   where it is left out
 * @param {string} [options.home] an address of the chat's server, which may be asked as the page's own may, whatever `domains` says
 * @returns {string|null} what may stand in an image's src: http, https, a blob of this page, or a picture of a raster format as data
 */
export function safeImage(url, { origin, domains, home } = {}) {
  const found = parse(url, origin ?? document.baseURI);
  if (!found) return null;
  if (found.protocol === 'data:') return PICTURES.test(found.href) ? found.href : null;
  if (found.protocol === 'blob:') return found.origin === globalThis.origin ? found.href : null;
  if (found.protocol !== 'http:' && found.protocol !== 'https:') return null;
  return !Array.isArray(domains) || isOurs(found, home) || domains.some((domain) => isOf(found, domain)) ? found.href : null;
}

function isOurs({ origin }, home) {
  return origin === globalThis.origin || origin === parse(home, document.baseURI)?.origin;
}

/** A domain is itself and nothing below it: whose `storage.example` is does not say whose `other.storage.example` is. */
function isOf({ host, hostname }, domain) {
  const below = String(domain).startsWith('*.');
  const named = parse(`http://${below ? domain.slice(2) : domain}`, undefined);
  if (!named?.hostname) return false;
  if (below) return hostname.endsWith(`.${named.hostname}`);
  return named.port ? host === named.host : hostname === named.hostname;
}

function parse(url, base) {
  if (typeof url !== 'string' || !url.trim()) return undefined;
  try {
    return new URL(url, base);
  } catch {
    return undefined; // not an address: the caller shows its words without a link
  }
}

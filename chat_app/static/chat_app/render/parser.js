/**
 * Markdown to HTML text by marked, set up so that raw HTML of a model is shown rather than obeyed, and images are links.
 * What it returns is not safe to parse: that is sanitise.js's business.
 */

import { Lexer, Marked, Parser, Renderer } from '../vendor/marked.esm.js';

const HARMLESS = /^<\/?(?:b|br|del|em|i|ins|kbd|mark|s|small|strong|sub|sup|u)\s*\/?>$/i;
const FOLDS = /<\/?details(?: open)?>|<(\/?)summary>/gi;
const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export const escaped = (text) => String(text).replace(/[&<>"']/g, (char) => ESCAPES[char]);

/** Raw HTML: a few tags without attributes stay, a fold becomes its heading, all else becomes visible text. */
function shown(html) {
  const unfolded = html.replace(FOLDS, (_, slash) => (slash === undefined ? '' : `<${slash}strong>`));
  return unfolded.replace(/<[^<>]*>|[^<]+|</g, (piece) => (HARMLESS.test(piece) ? piece : escaped(piece)));
}

function harmless(html) {
  return html.replace(FOLDS, '').replace(/<[^<>]*>/g, (tag) => (HARMLESS.test(tag) ? '' : '<')).indexOf('<') < 0;
}

class SafeRenderer extends Renderer {
  html({ text, block }) {
    if (!block) return shown(text);
    return harmless(text) ? `<p>${shown(text.trim())}</p>` : this.code({ text: text.trimEnd(), lang: 'html' });
  }

  code({ text, lang }) {
    const name = (lang ?? '').trim().split(/\s+/)[0];
    return `<pre data-lang="${escaped(name)}"><code>${escaped(text)}\n</code></pre>`;
  }

  image({ href, text, title }) {
    const name = text || title || href;
    return `<a href="${escaped(href)}" title="${escaped(href)}">🖼 ${escaped(name)}</a>`;
  }

  checkbox({ checked }) {
    return checked ? '☑ ' : '☐ ';
  }
}

const marked = new Marked({ gfm: true, breaks: false });
const options = { ...marked.defaults, renderer: new SafeRenderer() };

/**
 * The block tokens of `text`.
 * @param {object} links link definitions found so far, by name; what this text defines is added
 */
export function blocks(text, links) {
  const lexer = new Lexer(options);
  lexer.tokens.links = links;
  const tokens = lexer.lex(text);
  return [...tokens];
}

/** @returns {string} HTML of one block token, not yet safe */
export function htmlOf(token) {
  return Parser.parse([token], options);
}

/** The language of the chat: which file of words it takes, plural forms, numbers, direction. No words live here. */

import english from './strings/en.js';

/** A literal table, so that nothing a page hands in can name a file. */
const FILES = {
  am: () => import('./strings/am.js'),
  ar: () => import('./strings/ar.js'),
  'bg-BG': () => import('./strings/bg-BG.js'),
  'bn-BD': () => import('./strings/bn-BD.js'),
  'bs-BA': () => import('./strings/bs-BA.js'),
  'ca-ES': () => import('./strings/ca-ES.js'),
  'cs-CZ': () => import('./strings/cs-CZ.js'),
  'da-DK': () => import('./strings/da-DK.js'),
  'de-DE': () => import('./strings/de-DE.js'),
  'el-GR': () => import('./strings/el-GR.js'),
  'es-419': () => import('./strings/es-419.js'),
  'es-ES': () => import('./strings/es-ES.js'),
  'et-EE': () => import('./strings/et-EE.js'),
  'fi-FI': () => import('./strings/fi-FI.js'),
  'fr-CA': () => import('./strings/fr-CA.js'),
  'fr-FR': () => import('./strings/fr-FR.js'),
  'gu-IN': () => import('./strings/gu-IN.js'),
  'hi-IN': () => import('./strings/hi-IN.js'),
  'hr-HR': () => import('./strings/hr-HR.js'),
  'hu-HU': () => import('./strings/hu-HU.js'),
  'hy-AM': () => import('./strings/hy-AM.js'),
  'id-ID': () => import('./strings/id-ID.js'),
  'is-IS': () => import('./strings/is-IS.js'),
  'it-IT': () => import('./strings/it-IT.js'),
  'ja-JP': () => import('./strings/ja-JP.js'),
  'ka-GE': () => import('./strings/ka-GE.js'),
  kk: () => import('./strings/kk.js'),
  'kn-IN': () => import('./strings/kn-IN.js'),
  'ko-KR': () => import('./strings/ko-KR.js'),
  lt: () => import('./strings/lt.js'),
  'lv-LV': () => import('./strings/lv-LV.js'),
  'mk-MK': () => import('./strings/mk-MK.js'),
  ml: () => import('./strings/ml.js'),
  mn: () => import('./strings/mn.js'),
  'mr-IN': () => import('./strings/mr-IN.js'),
  'ms-MY': () => import('./strings/ms-MY.js'),
  'my-MM': () => import('./strings/my-MM.js'),
  'nb-NO': () => import('./strings/nb-NO.js'),
  'nl-NL': () => import('./strings/nl-NL.js'),
  pa: () => import('./strings/pa.js'),
  'pl-PL': () => import('./strings/pl-PL.js'),
  'pt-BR': () => import('./strings/pt-BR.js'),
  'pt-PT': () => import('./strings/pt-PT.js'),
  'ro-RO': () => import('./strings/ro-RO.js'),
  'ru-RU': () => import('./strings/ru-RU.js'),
  'sk-SK': () => import('./strings/sk-SK.js'),
  'sl-SI': () => import('./strings/sl-SI.js'),
  'so-SO': () => import('./strings/so-SO.js'),
  'sq-AL': () => import('./strings/sq-AL.js'),
  'sr-RS': () => import('./strings/sr-RS.js'),
  'sv-SE': () => import('./strings/sv-SE.js'),
  'sw-TZ': () => import('./strings/sw-TZ.js'),
  'ta-IN': () => import('./strings/ta-IN.js'),
  'te-IN': () => import('./strings/te-IN.js'),
  'th-TH': () => import('./strings/th-TH.js'),
  tl: () => import('./strings/tl.js'),
  'tr-TR': () => import('./strings/tr-TR.js'),
  'uk-UA': () => import('./strings/uk-UA.js'),
  ur: () => import('./strings/ur.js'),
  'vi-VN': () => import('./strings/vi-VN.js'),
  'zh-CN': () => import('./strings/zh-CN.js'),
  'zh-HK': () => import('./strings/zh-HK.js'),
  'zh-TW': () => import('./strings/zh-TW.js'),
};

/** Files that hold only what is not as in another: both are fetched, and the nearer one has the last word. */
export const BASES = { 'es-419': 'es-ES', 'fr-CA': 'fr-FR', 'pt-PT': 'pt-BR', 'zh-HK': 'zh-TW' };

/** The locales with words of their own: all of ChatKit's list. */
export const TRANSLATED = ['en', ...Object.keys(FILES)];

const RIGHT_TO_LEFT = new Set(['ar', 'ur', 'he', 'fa']);

/** Languages with several files: which region (or script) takes which. */
const REGIONS = {
  es: ({ region }) => (region === 'ES' ? 'es-ES' : 'es-419'),
  fr: ({ region }) => (region === 'CA' ? 'fr-CA' : 'fr-FR'),
  pt: ({ region }) => (region === 'BR' ? 'pt-BR' : 'pt-PT'),
  zh: ({ script, region }) => {
    if (script !== 'Hant') return 'zh-CN';
    return region === 'HK' || region === 'MO' ? 'zh-HK' : 'zh-TW';
  },
  no: () => 'nb-NO',
  nn: () => 'nb-NO',
  fil: () => 'tl',
  // Punjabi in Pakistan is written as Urdu is, and who reads it there has learnt Urdu.
  pa: ({ script }) => (script === 'Arab' ? 'ur' : 'pa'),
};

/**
 * @param {string} tag a BCP 47 tag, as 'de', 'zh-Hant' or 'pt-BR'
 * @returns {string|null} the locale of a file of words, or null where there is none
 */
export function resolve(tag) {
  if (TRANSLATED.includes(tag)) return tag;
  let parts;
  try {
    parts = new Intl.Locale(tag).maximize();
  } catch {
    // Not a tag at all: as good as a language that is not spoken here.
    return null;
  }
  if (parts.language === 'en') return 'en';
  const found = REGIONS[parts.language]?.(parts) ?? parts.language;
  if (found in FILES) return found;
  return Object.keys(FILES).find((name) => name.split('-')[0] === parts.language) ?? null;
}

/**
 * @typedef {object} Locale
 * @property {(key: string, values?: Record<string, unknown>) => string} t
 * @property {string} locale the language of the words, for `lang` and for Intl
 * @property {'ltr'|'rtl'} dir
 * @property {(value: number, options?: Intl.NumberFormatOptions) => string} number
 * @property {(value: Date|string|number, options?: Intl.DateTimeFormatOptions) => string} date
 */

/**
 * The words for what the page asks for, else for the first of the visitor's languages that is spoken here, else English.
 * Never fails: a file that cannot be had leaves English.
 * @param {string} [tag]
 * @returns {Promise<Locale>}
 */
export async function loadLocale(tag) {
  const asked = tag ? [tag] : (globalThis.navigator?.languages ?? []);
  const wanted = asked.find(resolve) ?? 'en';
  const name = resolve(wanted);
  try {
    return speak(name, await wordsOf(name), wanted);
  } catch (error) {
    console.warn(`chatkit: no words for ${name}, English is used`, error);
    return speak('en', english);
  }
}

/**
 * @param {string} name one of TRANSLATED
 * @returns {Promise<Record<string, string>>} its file, laid over the one it is based on
 */
export async function wordsOf(name) {
  if (name === 'en') return english;
  const files = name in BASES ? [BASES[name], name] : [name];
  const modules = await Promise.all(files.map((file) => FILES[file]()));
  return Object.assign({}, ...modules.map((module) => module.default));
}

/**
 * @param {string} locale of the words
 * @param {string} [region] the tag whose customs numbers and dates follow: British dates with English words
 * @returns {Locale}
 */
export function speak(locale, words, region = locale) {
  const dir = RIGHT_TO_LEFT.has(locale.split('-')[0]) ? 'rtl' : 'ltr';
  const plural = new Intl.PluralRules(locale);
  const number = (value, options) => new Intl.NumberFormat(region, options).format(value);
  const missing = new Set();

  function find(key) {
    if (Object.hasOwn(words, key)) return words[key];
    return Object.hasOwn(english, key) ? english[key] : undefined;
  }

  function form(key, count) {
    if (Object.hasOwn(words, `${key}.other`)) return words[`${key}.${plural.select(count)}`] ?? words[`${key}.other`];
    return englishForm(key, count);
  }

  function t(key, values = {}) {
    const counted = typeof values.count === 'number' && Object.hasOwn(english, `${key}.other`);
    const text = counted ? form(key, values.count) : find(key);
    if (text !== undefined) return text.replace(/\{(\w+)\}/g, (whole, name) => fill(values[name], whole));
    if (!missing.has(key)) {
      missing.add(key);
      console.warn(`chatkit: no words for the key ${key}`);
    }
    return key;
  }

  function fill(value, whole) {
    if (value === undefined || value === null) return whole;
    const text = typeof value === 'number' ? number(value) : String(value);
    // Isolated, so that a foreign name does not turn the sentence around it.
    return dir === 'rtl' && typeof value !== 'number' ? `\u2068${text}\u2069` : text;
  }

  return { t, locale, dir, number, date: (value, options) => new Intl.DateTimeFormat(region, options).format(new Date(value)) };
}

const englishPlural = new Intl.PluralRules('en');

function englishForm(key, count) {
  return english[`${key}.${englishPlural.select(count)}`] ?? english[`${key}.other`];
}

/** Every language's words beside English's, as one JSON: what tests/chat_app/static/test_strings.py judges. */

import { BASES, TRANSLATED, loadLocale, resolve, wordsOf } from '../../../chat_app/static/chat_app/chatkit/locale.js';

const COUNTS = [0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 20, 21, 22, 100, 101, 103, 1000, 1000000];
const folder = new URL('../../../chat_app/static/chat_app/chatkit/strings/', import.meta.url);
const SCRIPTS = { Hans: ['Hani'], Hant: ['Hani'], Jpan: ['Hani', 'Hira', 'Kana'], Kore: ['Hang'] };
const found = {};
for (const locale of TRANSLATED) {
  const words = await wordsOf(locale);
  const { default: own } = await import(new URL(`${locale}.js`, folder));
  const plural = new Intl.PluralRules(locale);
  const { dir, locale: speaks } = await loadLocale(locale);
  const counts = {};
  for (const count of COUNTS) (counts[plural.select(count)] ??= []).push(count);
  const { script } = new Intl.Locale(locale).maximize();
  const letter = new RegExp((SCRIPTS[script] ?? [script]).map((name) => `\\p{Script=${name}}`).join('|'), 'u');
  const foreign = Object.keys(words).filter((key) => !letter.test(words[key]));
  const forms = plural.resolvedOptions().pluralCategories;
  found[locale] = { words, own, base: BASES[locale] ?? null, dir, speaks, forms, counts, foreign };
}
const asked = JSON.parse(process.argv[2] ?? '[]');
const resolved = Object.fromEntries(asked.map((tag) => [tag, resolve(tag)]));
console.warn = (text) => said.push(text);
const said = [];
const { t } = await loadLocale('ru');
const missing = [t('no.such'), t('no.such'), t('constructor')];
const spoken = [1, 2, 5, 21].map((count) => t('thread.sources', { count }));
process.stdout.write(JSON.stringify({ found, resolved, missing, said, spoken }));

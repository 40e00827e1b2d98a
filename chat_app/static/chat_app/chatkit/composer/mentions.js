/** '@': the app's entities, found by what follows it. */

import { ofText, tagOf } from './content.js';
import { keepIcon, picture } from './tags.js';

/** After a blank or an opening mark; the query may have blanks in it, as names do, but not begin with one. */
const WORD = /(?:^|[\s([{"'“‘«])(@((?:[^\s@][^\n@]{0,59})?))$/u;

/** What stands for an entity in the field: its tag, and a blank to go on after. */
export function inserted(kit, entity) {
  keepIcon(kit, entity);
  return [tagOf(entity), ...ofText(' ')];
}

export function mentions(kit) {
  return {
    label: kit.t('composer.tags'),
    wait: 130,
    pattern: () => (kit.options.entities?.onTagSearch ? WORD : null),
    async rows(query) {
      const found = await kit.options.entities.onTagSearch(query);
      return (found ?? []).map((entity) => ({
        entity,
        label: String(entity.title ?? ''),
        group: entity.group,
        picture: () => picture(kit, entity.icon),
      }));
    },
    async choose({ entity }, assist) {
      assist.replace(inserted(kit, entity));
    },
  };
}

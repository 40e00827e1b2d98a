/**
 * '/': the app's commands and what the composer itself can do. A command may lead to another menu; those are a stack here, and
 * the list shows its top.
 */

import { inserted } from './mentions.js';
import { picture } from './tags.js';

const WORD = /(?:^|\s)(\/([^\s/]{0,60}))$/u;
const WORD_OF_A_MENU = /(?:^|\s)(\/((?:[^\s/][^\n/]{0,59})?))$/u; // all its rows are here, so names with blanks are found

/** @param {() => object[]} actions the composer's own: `{label, detail?, icon, run}` or `{…, menu: row[]}` */
export function commands(kit, actions) {
  let menus = [];

  const fits = (query) => {
    const wanted = query.trim().toLowerCase();
    return ({ label, detail }) => `${label} ${detail ?? ''}`.toLowerCase().includes(wanted);
  };
  const row = (command) => ({
    command,
    label: String(command.label ?? ''),
    detail: command.description,
    group: command.group,
    picture: () => picture(kit, command.icon),
  });
  const own = (action) => ({ ...action, group: action.group ?? '', picture: () => picture(kit, action.icon) });

  function rowsOfMenu(query) {
    const back = { back: true, label: kit.t('composer.back'), picture: () => kit.icon('back', { class: 'entity-icon' }) };
    return [back, ...menus.at(-1).filter(fits(query))];
  }

  async function found(query) {
    const { onSearch } = kit.options.commands;
    return ((await onSearch?.(query)) ?? []).map(row);
  }

  return {
    label: kit.t('composer.commands'),
    wait: 130,
    begin: () => (menus = []),
    pattern(going) {
      if (!kit.options.commands?.enabled) return null;
      return going && menus.length ? WORD_OF_A_MENU : WORD;
    },
    back: () => Boolean(menus.pop()),
    async rows(query) {
      if (menus.length) return rowsOfMenu(query);
      const theirs = await found(query);
      const group = theirs.length ? kit.t('composer.label') : '';
      return [...theirs, ...actions().map(own).filter(fits(query)).map((action) => ({ ...action, group }))];
    },
    async choose(chosen, assist, current) {
      if (chosen.back) {
        menus.pop();
        assist.retype();
      } else if (chosen.menu) {
        menus.push(chosen.menu.map(own));
        assist.retype();
      } else if (chosen.run) {
        assist.replace([]);
        chosen.run();
      } else {
        const selection = await kit.options.commands.onSelect?.(chosen.command);
        if (!current()) return; // dismissed, or typed over, in the meantime
        if (selection?.type === 'menu') {
          menus.push((selection.commands ?? []).map(row));
          assist.retype();
        } else {
          assist.replace(selection?.type === 'entity' ? inserted(kit, selection.entity) : []);
        }
      }
    },
  };
}

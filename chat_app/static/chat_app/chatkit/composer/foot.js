/** The row below the text: what can be added, the tools, the model, the microphone. Built anew when the options change. */

import { h, iconButton } from '../../view/dom.js';
import { acceptOf } from './filerules.js';
import { Models } from './models.js';
import { Tools } from './tools.js';

const SILENT = { state: 'idle', offered: false, cancel() {}, destroy() {} };

export class Foot {
  #kit;

  /** @param told {changed(), focus(), say(words[]), files(FileList), text(words), tag()} @param send the button at the end */
  constructor(kit, told, send) {
    this.#kit = kit;
    const { options, t } = kit;
    this.files = h('input', {
      type: 'file',
      class: 'file-input',
      multiple: true,
      hidden: true,
      accept: acceptOf(options.composer.attachments),
      'aria-label': t('composer.attach'),
      on: { change: () => this.#picked(told) },
    });
    this.attach = options.composer.attachments?.enabled &&
      iconButton(t('composer.attach'), kit.icon('plus'), () => this.files.click(), { class: 'attach' });
    this.at = options.entities?.onTagSearch && options.entities.showComposerMenu &&
      iconButton(t('composer.tag'), kit.icon('at'), () => told.tag(), { class: 'at' });
    this.tools = new Tools(kit, told.changed);
    this.models = new Models(kit);
    this.dictation = SILENT;
    this.count = h('span', { class: 'count', 'aria-live': 'off' });
    this.row = h('div', { class: 'composer-foot' },
      h('div', { class: 'foot-start' }, this.attach, this.files, this.at, this.tools.element),
      h('div', { class: 'foot-end' }, this.count, this.models.element, send));
    this.element = h('div', { class: 'composer-base' }, this.row);
    if (options.composer.dictation?.enabled) void this.#listen(told, send);
  }

  /** The microphone is fetched where the page wants one. */
  async #listen(told, send) {
    try {
      const { Dictation } = await import('./dictation.js');
      if (this.gone) return;
      this.dictation = new Dictation(this.#kit, told);
      send.before(this.dictation.button);
      this.element.append(this.dictation.element);
      told.changed();
    } catch (error) {
      this.#kit.report(error);
    }
  }

  #picked(told) {
    told.files(this.files.files);
    this.files.value = ''; // so that the same file can be picked again
    told.focus();
  }

  render(disabled) {
    const listening = this.dictation.state !== 'idle';
    this.row.hidden = listening;
    for (const control of [this.attach, this.at, this.tools.trigger, this.models.trigger, this.dictation.button]) {
      if (control) control.disabled = disabled;
    }
    for (const button of this.tools.element.querySelectorAll('button')) button.disabled = disabled;
  }

  /** What the command menu offers of all this. */
  get actions() {
    const { t } = this.#kit;
    const { tools, models, dictation } = this;
    const entries = (list, run) => list.map((entry) => ({ ...entry, detail: entry.description, run: () => run(entry.id) }));
    return [
      this.attach && { label: t('composer.attach'), icon: 'attach', run: () => this.files.click() },
      tools.all.length > 0 && {
        label: t('composer.chooseTool'),
        icon: 'tools',
        menu: entries(tools.all, (id) => tools.choose(id)),
      },
      models.all.length > 1 && {
        label: t('composer.chooseModel'),
        icon: 'cube',
        menu: entries(models.all.filter(({ disabled }) => !disabled), (id) => models.choose(id)),
      },
      dictation.offered && { label: t('dictation.start'), icon: 'mic', run: () => dictation.start() },
    ].filter(Boolean);
  }

  destroy() {
    this.gone = true;
    for (const part of [this.tools, this.models, this.dictation]) part.destroy();
    this.element.remove();
  }
}

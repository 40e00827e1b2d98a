/**
 * Where a message is written: puts the field, the files, the quote and the foot together, and gives the rest of the chat one
 * object to deal with. How any of them works is their own files' business.
 */

import { h, setAttr, setText } from '../../view/dom.js';
import { draftOf, joined } from '../state/drafts.js';
import { isBlank, lengthOf, limitOf, MOST, ofText, tidy, trimmed } from './content.js';
import { Drafts } from './drafts.js';
import { dropZone } from './drop.js';
import { Field } from './field.js';
import { Foot } from './foot.js';
import { Note } from './note.js';
import { Quote } from './quote.js';
import { Sender } from './sender.js';
import { Trays } from './trays.js';

const NO_HELP = { update() {}, key: () => false, close() {}, start() {}, destroy() {} };

const NEAR = 0.9; // of the limit; from here on it is said how long the message is

const touch = matchMedia('(pointer: coarse) and (hover: none)');

let count = 0;

export class Composer {
  #kit;
  #options;
  #stopDrop;
  #sentNew = false; // a message that makes a thread of the new chat is on its way
  #going = null; // what has been sent from this thread and may not have come to the server, as a draft
  #turning = false; // a draft is being put in: no change of the person's

  state;
  blank = true;
  over = false;

  constructor(kit) {
    this.#kit = kit;
    this.state = kit.store.state;
    count += 1;
    const told = { changed: () => this.#changed(), focus: () => this.focus(), say: (lines) => this.note.say(lines) };
    this.note = new Note(kit, told);
    this.quote = new Quote(kit, told);
    this.trays = new Trays(kit, told);
    this.field = new Field(kit, {
      changed: () => this.#changed({ typed: true }),
      moved: () => this.assist?.update(),
      key: (event) => this.#key(event),
      files: (files) => this.#take(files),
    });
    this.sender = new Sender(kit, this);
    this.drafts = new Drafts(kit, () => this.#draft());
    this.hint = h('span', { class: 'hidden', id: `composer-hint-${count}` });
    this.surface = h('div', { class: 'composer', on: { mousedown: (event) => this.#nearField(event) } },
      this.quote.element, this.trays.element, this.field.element, this.hint);
    this.element = h('div', { class: 'composer-box', on: { keydown: (event) => this.#escape(event) } },
      this.note.element, this.surface);
    setAttr(this.field.element, 'aria-describedby', this.hint.id);
    setAttr(this.field.element, 'aria-autocomplete', 'list');
    document.addEventListener('selectionchange', this.#selected);
    this.#build();
    this.render(this.state);
  }

  #selected = () => this.field.look();

  /** What depends on the options. */
  #build() {
    const kit = this.#kit;
    this.#options = kit.options;
    this.#speak();
    const [tool, model] = [this.foot?.tools.selected ?? null, this.foot?.models.chosen];
    this.foot?.destroy();
    this.assist?.destroy();
    this.#stopDrop?.();
    this.foot = new Foot(kit, {
      changed: () => this.#changed(),
      focus: () => this.focus(),
      say: (lines) => this.note.say(lines),
      files: (files) => this.#take(files),
      text: (words) => this.#dictated(words),
      tag: () => this.assist.start('@'),
    }, this.sender.button);
    this.surface.append(this.foot.element);
    this.assist = NO_HELP;
    void this.#help();
    this.#stopDrop = dropZone(kit, () => this.#takesFiles, (files) => this.#take(files));
    this.foot.models.set(model);
    if (tool !== null) this.foot.tools.keep(tool);
    this.#measure();
  }

  /** What outlives other options says its words in the language that is spoken now. */
  #speak() {
    const { t } = this.#kit;
    setText(this.hint, this.limit === MOST ? t('composer.hint') : t('composer.hintLimit', { limit: this.#number(this.limit) }));
    for (const part of [this.note, this.quote, this.trays, this.field]) part.speak();
  }

  #number(value) {
    return new Intl.NumberFormat(this.#kit.locale).format(value);
  }

  /** How many characters a message may have. */
  get limit() {
    return limitOf(this.#options.composer.maxLength);
  }

  /** What helps while one types is fetched where the page has something to offer. */
  async #help() {
    const kit = this.#kit;
    const { options } = kit;
    if (!options.entities?.onTagSearch && !options.commands?.enabled) return;
    try {
      const [{ Assist }, { mentions }, { commands }] = await Promise.all([import('./assist.js'), import('./mentions.js'), import('./commands.js')]);
      if (this.gone || this.#options !== options) return;
      const sources = [mentions(kit), commands(kit, () => this.foot.actions)];
      this.assist = new Assist(kit, this.field, sources, this.surface, () => this.submit());
      this.assist.update();
    } catch (error) {
      kit.report(error);
    }
  }

  get threadId() {
    return this.drafts.threadId ?? null;
  }

  get locked() {
    return this.state.thread?.status?.type === 'locked';
  }

  get dictating() {
    return this.foot.dictation.state !== 'idle';
  }

  focus() {
    this.field.focus();
  }

  submit() {
    this.sender.submit();
  }

  /**
   * Put something in, as `setComposerValue` has it: only what is given changes.
   * @param {{text?: string, content?: object[], reply?: string|null, attachments?: object[], files?: File[],
   *   selectedToolId?: string|null, selectedModelId?: string}} params
   * @returns {Promise<void>} rejects, with nothing changed, where there is no such tool or model
   */
  async setValue({ text, content, reply, attachments, files, selectedToolId, selectedModelId } = {}) {
    const { tools, models } = this.foot;
    if (selectedToolId !== undefined && !tools.has(selectedToolId)) {
      throw new Error(`There is no tool '${selectedToolId}' to select.`);
    }
    if (selectedModelId !== undefined && !models.has(selectedModelId)) {
      throw new Error(`There is no model '${selectedModelId}' to select.`);
    }
    if (content !== undefined) this.field.write(tidy(content));
    else if (text !== undefined) this.field.write(ofText(text));
    if (reply !== undefined) this.quote.set(reply);
    if (attachments !== undefined) this.trays.now.set(attachments ?? []);
    if (files?.length) this.trays.now.add(files);
    if (selectedModelId !== undefined) models.set(selectedModelId);
    if (selectedToolId !== undefined) tools.choose(selectedToolId);
  }

  render(state) {
    this.state = state;
    if (this.#kit.options !== this.#options) this.#build();
    this.#turn(state);
    this.element.hidden = state.thread?.status?.type === 'closed';
    this.field.lock(this.locked);
    this.surface.classList.toggle('locked', this.locked);
    this.#draw();
  }

  #draw() {
    const { foot } = this;
    foot.render(this.locked);
    this.field.place(this.#placeholder());
    this.sender.render();
  }

  #placeholder() {
    const { t, options } = this.#kit;
    if (this.locked) return this.state.thread.status.reason || t('thread.locked');
    return this.foot.tools.tool?.placeholderOverride || options.composer.placeholder || t('composer.placeholder');
  }

  /** Another thread: its own draft. A thread that a message has just made of the new chat keeps what is being typed. */
  #turn({ threadId, phase, responding, loading }) {
    const from = this.drafts.threadId;
    if (threadId === from || threadId === undefined || (phase === 'starting' && threadId === null)) return;
    this.#going = null;
    if (from === null && !loading && (responding || this.#sentNew)) {
      this.#sentNew = false;
      this.drafts.move(threadId);
      return;
    }
    const early = from === undefined && !(this.blank && !this.trays.now.count); // written before the chat was up
    if (from !== undefined) this.drafts.keep();
    this.#sentNew = false;
    this.drafts.threadId = threadId;
    if (early) return;
    const draft = this.#kit.drafts.get(threadId);
    this.#turning = true;
    this.assist.close();
    this.foot.dictation.cancel({ quietly: true });
    this.note.clear();
    this.sender.waiting = false;
    this.trays.turn(from ?? null, threadId, draft?.attachments);
    this.quote.set(draft?.reply ?? '');
    this.field.set(draft?.content ?? []);
    this.#turning = false;
  }

  #draft() {
    const { attachments } = this.trays.now;
    const content = this.field.content();
    const isEmpty = isBlank(content) && !attachments.length && !this.quote.text;
    const draft = isEmpty ? undefined : { content, attachments, ...(this.quote.text ? { reply: this.quote.text } : {}) };
    return this.#going ? joined(this.#going, draft) : draft;
  }

  /** The message as it goes out. */
  message() {
    const { tools, models } = this.foot;
    return {
      content: trimmed(this.field.content()),
      attachments: this.trays.now.attachments,
      ...(this.quote.text ? { reply: this.quote.text } : {}),
      ...(models.model ? { model: models.model.id } : {}),
      ...(tools.tool ? { tool: tools.tool.id } : {}),
    };
  }

  /** A message is going out: until the server has it, a reload brings it back. */
  cleared(message) {
    this.#going = draftOf(message);
    this.#sentNew = this.drafts.threadId === null;
    this.field.set([]);
    this.trays.now.clear();
    this.quote.set('');
    this.note.clear();
    this.foot.tools.sent();
    this.drafts.keep();
  }

  /** The server has it. */
  sent() {
    this.#going = null;
    this.drafts.keep();
  }

  /** It could not: what was written comes back, before what has been typed since. */
  putBack(message, threadId) {
    const { content, attachments, reply, tool } = message;
    this.#going = null;
    if (threadId !== this.threadId && !(threadId === null && this.#sentNew)) {
      this.#kit.drafts.set(threadId, joined(draftOf(message), this.#kit.drafts.get(threadId)));
      return;
    }
    this.#sentNew = false;
    const typed = this.field.content();
    this.field.write(isBlank(typed) ? content : [...content, ...ofText('\n'), ...typed]);
    this.trays.now.restore(attachments);
    if (reply && !this.quote.text) this.quote.set(reply);
    if (tool && this.foot.tools.has(tool)) this.foot.tools.choose(tool);
  }

  #changed({ typed = false } = {}) {
    if (!this.assist || !this.foot) return; // still being put together
    if (typed) {
      this.#measure();
      this.assist.update();
    }
    if (!this.#turning) this.drafts.soon();
    this.#draw();
  }

  /** How much is written, and whether it is too much. */
  #measure() {
    const content = this.field.content();
    const { limit } = this;
    const near = Math.floor(limit * NEAR);
    const length = lengthOf(content, near);
    const over = length > limit;
    this.blank = isBlank(content);
    if (over && !this.over) this.#kit.announce(this.#kit.t('composer.tooLong', { limit: this.#number(limit) }));
    this.over = over;
    setText(this.foot.count, length < near ? '' : `${this.#number(length)} / ${this.#number(limit)}`);
    this.foot.count.classList.toggle('over', over);
    setAttr(this.field.element, 'aria-invalid', over ? 'true' : undefined);
  }

  get #takesFiles() {
    return Boolean(this.#kit.options.composer.attachments?.enabled) && !this.locked && !this.element.hidden;
  }

  #take(files) {
    if (!this.#takesFiles || !files.length) return;
    this.note.clear();
    this.trays.now.add(files);
  }

  #dictated(words) {
    this.field.focus();
    const { text } = this.field.behind() ?? { text: '' };
    this.field.insert(ofText(text && !/\s$/.test(text) ? ` ${words}` : words));
  }

  /** @returns {boolean} whether the key was for something else than editing */
  #key(event) {
    if (this.assist.key(event)) return true;
    if (event.key !== 'Enter' || event.shiftKey || event.altKey) return false;
    if (touch.matches && !event.ctrlKey && !event.metaKey) return false;
    this.submit();
    return true;
  }

  #escape(event) {
    if (event.key !== 'Escape' || event.defaultPrevented || event.isComposing || !this.sender.stoppable) return;
    event.preventDefault();
    this.sender.stop();
  }

  /** The whole surface is the field's, but for what can be pressed or selected in it. */
  #nearField(event) {
    if (event.target.closest('button, input, .field, blockquote, .file, .listening')) return;
    event.preventDefault();
    this.focus();
  }

  destroy() {
    this.gone = true;
    this.drafts.destroy();
    document.removeEventListener('selectionchange', this.#selected);
    this.#stopDrop();
    for (const part of [this.assist, this.foot, this.trays]) part.destroy();
    this.element.remove();
  }
}

/** The name of a button that has a picture for its words. */

import { setAttr } from '../../view/dom.js';

/** Name it, in the language that is spoken now. */
export function nameButton(button, words) {
  setAttr(button, 'aria-label', words);
  setAttr(button, 'title', words);
}

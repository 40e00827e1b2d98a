/** The button that puts text on the clipboard and says whether it did. */

import { icon } from './icons.js';
import { iconButton } from './dom.js';

/** @param {() => string} read gives the text when it is wanted */
export function copyButton(read, label, { words = false, copied = 'Copied', failed = 'Could not copy' } = {}) {
  let timer;
  const button = iconButton(label, icon('copy'), async () => {
    const done = await put(read());
    clearTimeout(timer);
    say(done ? copied : failed, done ? 'check' : 'alert');
    timer = setTimeout(() => say(label, 'copy'), 1800);
  }, { words, class: 'button-copy' });
  const say = (text, picture) => {
    button.querySelector('svg').replaceWith(icon(picture));
    if (words) button.querySelector('span').textContent = text;
    else {
      button.setAttribute('aria-label', text);
      button.title = text;
    }
  };
  return button;
}

async function put(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return byHand(text); // no permission, or a page that came over plain HTTP
  }
}

function byHand(text) {
  const area = document.createElement('textarea');
  area.value = text;
  area.style.position = 'fixed';
  area.style.opacity = '0';
  document.body.append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  return copied;
}

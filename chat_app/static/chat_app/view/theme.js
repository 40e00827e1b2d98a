/** Light, dark, or as the system has it. */

import { kept } from '../state/kept.js';
import { iconButton } from './dom.js';
import { icon } from './icons.js';

const THEMES = {
  auto: { next: 'light', picture: 'auto', label: 'Theme: as the system' },
  light: { next: 'dark', picture: 'sun', label: 'Theme: light' },
  dark: { next: 'auto', picture: 'moon', label: 'Theme: dark' },
};

/** Put the kept theme on the element, and tell the page around it. */
export function applyTheme(host) {
  const theme = kept.theme in THEMES ? kept.theme : 'auto';
  host.dataset.theme = theme;
  host.dispatchEvent(new CustomEvent('chat-theme', { detail: { theme }, bubbles: true, composed: true }));
  return THEMES[theme];
}

export function themeButton(app) {
  const button = iconButton('', icon('auto'), () => {
    kept.theme = THEMES[kept.theme]?.next ?? 'auto';
    show();
  }, { class: 'theme' });
  const show = () => {
    const { picture, label } = applyTheme(app.host);
    button.replaceChildren(icon(picture));
    button.setAttribute('aria-label', label);
    button.title = label;
  };
  show();
  return button;
}

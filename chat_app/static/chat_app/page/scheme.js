/** Light, dark, or as the system has it: chosen by one button, kept in this browser, worn by the page. */

const KEY = 'chat-backend.theme';
const NEXT = { auto: 'light', light: 'dark', dark: 'auto' };
const LABELS = { auto: 'Theme: as the system', light: 'Theme: light', dark: 'Theme: dark' };

/** The colour scheme that was chosen last: auto, light or dark. */
export function keptScheme() {
  try {
    const kept = localStorage.getItem(KEY);
    return Object.hasOwn(NEXT, kept) ? kept : 'auto';
  } catch {
    return 'auto'; // storage is off
  }
}

/** @param {HTMLButtonElement} button @param {(scheme: string) => void} worn is told of each choice */
export function schemeButton(button, worn) {
  let scheme = keptScheme();
  const show = () => {
    document.documentElement.style.colorScheme = scheme === 'auto' ? 'light dark' : scheme;
    button.dataset.scheme = scheme;
    button.setAttribute('aria-label', LABELS[scheme]);
    button.title = LABELS[scheme];
  };
  button.addEventListener('click', () => {
    scheme = NEXT[scheme];
    try {
      localStorage.setItem(KEY, scheme);
    } catch {
      // Storage is off or full: the choice holds as long as the page does.
    }
    show();
    worn(scheme);
  });
  show();
}

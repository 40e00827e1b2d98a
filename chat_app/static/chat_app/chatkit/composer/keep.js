/** What the composer remembers in this browser beside drafts: the model that was chosen last. */

const KEY = 'chat-backend.kit.model';

export function keptModel() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage is off: the default is chosen each time
  }
}

export function keepModel(id) {
  try {
    localStorage.setItem(KEY, id);
  } catch {
    // Storage is off or full: the choice holds as long as the page does.
  }
}

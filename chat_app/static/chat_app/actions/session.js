/** Starting up and staying known to the server: the session, the models, and what is said when there is no way in. */

import { ApiError } from '../api/http.js';
import { kept } from '../state/kept.js';

const EARLY = 60_000; // refresh this long before the session ends

export class SessionActions {
  constructor(app) {
    this.app = app;
  }

  /** Open the session and load what the page needs. Says why in `phase` and `trouble` when that fails. */
  async start() {
    const { client, store } = this.app;
    store.set({ phase: 'starting', trouble: undefined });
    try {
      const session = await client.session();
      this.#stay();
      const models = await client.models();
      store.set({ phase: 'ready', models, model: choose(models, session.model) });
    } catch (error) {
      store.set(this.#shut(error));
      return false;
    }
    return true;
  }

  chooseModel(id) {
    kept.model = id;
    this.app.store.set({ model: id });
  }

  #shut(error) {
    if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
      return { phase: 'locked', trouble: 'This chat is for signed-in people.' };
    }
    return { phase: 'down', trouble: error.message };
  }

  /** Refresh before the session ends, so that a long visit is never cut off. */
  #stay() {
    const { client } = this.app;
    clearTimeout(this.timer);
    if (!client.expiresAt) return;
    const wait = Math.min(Math.max(client.expiresAt - Date.now() - EARLY, 30_000), 2 ** 31 - 1);
    this.timer = setTimeout(async () => {
      try {
        await client.session();
      } catch {
        // A later call finds out, and says so where it matters.
      }
      this.#stay();
    }, wait);
  }

  stop() {
    clearTimeout(this.timer);
  }
}

/** The model to begin with: what this browser chose last, else the session's, else the server's default. */
function choose(models, session) {
  const known = (id) => models.find((model) => model.id === id)?.id;
  return known(kept.model) ?? known(session) ?? models.find((model) => model.default)?.id ?? models[0]?.id;
}

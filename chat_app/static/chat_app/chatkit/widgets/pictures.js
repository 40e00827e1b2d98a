/** Which pictures a widget may load. A thread that names domains has its widgets' pictures from there, a preview of the page's own has none to obey. */

import { safeImage } from '../urls.js';

export class Pictures {
  #watching = new Set();

  /** @param {object} kit @param {() => object|undefined} item the thread item that shows the widget */
  constructor(kit, item) {
    Object.assign(this, { kit, item });
  }

  get #domains() {
    return this.item() ? this.kit.store?.state.thread?.allowed_image_domains : undefined;
  }

  /** @returns {string|null} what may stand in an image's src */
  src(url) {
    return safeImage(url, { domains: this.#domains, home: this.kit.transport?.url });
  }

  /** Call `redraw` when other pictures may be loaded than before. @returns {() => void} stops that */
  watch(redraw) {
    if (!this.item()) return () => undefined; // nothing that could change
    this.#watching.add(redraw);
    if (!this.deaf) this.#listen();
    return () => {
      this.#watching.delete(redraw);
      if (this.#watching.size) return;
      this.deaf?.();
      this.deaf = undefined;
    };
  }

  #listen() {
    let known = JSON.stringify(this.#domains);
    this.deaf = this.kit.store?.subscribe(({ thread }) => {
      const now = JSON.stringify(this.#domains);
      if (!thread || now === known) return; // between two threads nothing is allowed that was not
      known = now;
      for (const redraw of this.#watching) redraw();
    });
  }
}

/** A page that nobody sees gives its connection back: a browser has only six for one server, and other tabs want them too. */

const UNSEEN = 10_000; // ms that a hidden page goes on reading

/**
 * The events of a turn to its end. While the page is hidden for longer none is read; the turn goes on, and what it has said
 * meanwhile comes when the page is seen again.
 * @param {object} run {isAccepted, left, followed, turnId, control}; gets `asleep`, `wake` to end that, and `slept` from then on
 */
export async function* watched(kit, stream, run) {
  const { connection } = kit.transport;
  if (!connection || !run.turnId) {
    yield* stream.events;
    return;
  }
  for (let reading = stream; reading; reading = await resumed(kit, run, reading.last)) {
    const rest = new Rest(() => {
      const may = run.isAccepted && !run.left;
      if (may) reading.leave();
      return may;
    });
    try {
      yield* reading.events;
      return;
    } catch (error) {
      if (!rest.taken) throw error;
    } finally {
      rest.end();
    }
    await seen(run);
    run.slept = true;
    if (run.left) return;
    run.followed = run.turnId; // from now on its stream stops nothing
  }
}

async function resumed(kit, run, last) {
  const response = await kit.transport.connection.reattach(run.turnId, last, run.control.signal);
  if (response.status === 204) return null; // all of it had come
  if (!response.ok) throw await kit.client.refusal(response);
  return kit.client.read(response);
}

class Rest {
  taken = false;

  constructor(leave) {
    this.look = () => {
      clearTimeout(this.timer);
      if (document.hidden) this.timer = setTimeout(() => this.#take(leave), UNSEEN);
    };
    document.addEventListener('visibilitychange', this.look);
    this.look();
  }

  #take(leave) {
    this.taken = leave();
  }

  end() {
    clearTimeout(this.timer);
    document.removeEventListener('visibilitychange', this.look);
  }
}

/** Resolves when the page is seen, or nobody waits for this run any more. */
async function seen(run) {
  run.asleep = true;
  await new Promise((resolve) => {
    const look = () => !document.hidden && run.wake();
    run.wake = () => {
      document.removeEventListener('visibilitychange', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    if (!document.hidden || run.left) run.wake();
  });
  run.asleep = false;
}

/** The `api` option that `useChatKit({ api })` and `setOptions({ api })` of OpenAI's ChatKit take for a backend of one's own. */
export type ConnectApi = {
  url: string;
  domainKey: string;
  fetch: typeof fetch;
  uploadStrategy: { type: 'two_phase' } | { type: 'direct'; uploadUrl: string };
};

/** What the connector needs of `<openai-chatkit>`. */
export interface ChatElement extends EventTarget {
  readonly isConnected: boolean;
  fetchUpdates(): Promise<void>;
}

/** A client secret, or the whole answer of `POST /api/custom/session`. Only with `expires_at` is it renewed before it ends. */
export type ClientSecret = string | { client_secret: string; expires_at?: string };

export type Status = {
  /**
   * - `connected`: the last request was answered
   * - `retrying`: a request is tried again
   * - `reconnecting`: an answer has broken off and is being picked up
   * - `fallback`: the fallback answers
   * - `failed`: nobody answers, or an answer could not be picked up in time
   */
  state: 'connected' | 'retrying' | 'reconnecting' | 'fallback' | 'failed';
  /** Which backend this is about. */
  url: string;
};

/** All pauses, in milliseconds (`tries` is a number). */
export type Timing = {
  /** Before the second try; doubled with each further one. Default 1000. */
  first: number;
  /** The longest pause. Default 15000. */
  longest: number;
  /** How often a request is tried. Default 3. */
  tries: number;
  /** How long a try may wait for the headers of its answer. Default 20000. */
  answer: number;
  /** How long an answer that broke off is picked up again. Default 60000. */
  patience: number;
  /** A stream that says nothing for so long is dead. Default 45000. */
  silence: number;
  /** How long before its end a client secret is renewed. Default 60000. */
  early: number;
  /** `fetchUpdates` is called at most this often. Default 5000: in between the client does not listen. */
  updates: number;
  /** How often the socket says that it is there. Default 240000. */
  ping: number;
};

export type ConnectOptions = {
  /** The ChatKit endpoint. Default `/chatkit`. */
  url?: string;
  /** Where the other paths of the backend (`api/`, `ws/`) are. Default: the folder of `url`. */
  base?: string;
  /** Another backend for when `url` does not answer. Threads begun there stay there. */
  fallbackUrl?: string | { url: string; base?: string; sessionUrl?: string | null };
  /** Your own way to a client secret. `current` is the one it replaces, `url` the backend it is for. */
  getClientSecret?: (current: string | null, url: string) => Promise<ClientSecret>;
  /**
   * An endpoint that answers like `POST /api/custom/session`. Default: the backend's own.
   * `null`: no secret, the browser's cookies speak.
   */
  sessionUrl?: string | null;
  /** OpenAI's domain key of this page's domain. Not needed on localhost. */
  domainKey?: string;
  /** Where attachments are uploaded directly. Default: in two phases, by the backend's own descriptors. */
  uploadUrl?: string;
  /** The element that shows the chat. Default: the first `<openai-chatkit>` on the page. */
  element?: () => ChatElement | null;
  /** Sends the requests. Default: the page's `fetch`. */
  fetch?: typeof fetch;
  /** Called when the state of the connection changes. */
  onStatus?: (status: Status) => void;
  /**
   * A turn runs in the open thread that this page does not stream: begun before a reload, in another tab, on another device.
   * Who claims it here and now, and shows it live by `reattach`, is not asked to read the thread because of it.
   */
  onTurn?: (turnId: string, threadId: string) => void;
  /** Whether the server tells more of answers than ChatKit's own words: for an element that shows it. Default false. */
  details?: boolean;
  /** A thread's title has changed elsewhere, or which thread is the newest, as far as the socket of the open thread tells. */
  onThreads?: () => void;
  timing?: Partial<Timing>;
};

export type Connection = {
  api: ConnectApi;
  /** Names the element that shows the chat. */
  attach(element: ChatElement | null): void;
  /** The client secret, asked for where there is none yet; null where cookies speak. Rejects with what asking for it threw. */
  token(): Promise<string | null>;
  /** Asks for a new client secret unless the present one is but two seconds old: before a new thread, say, whose model it names. */
  renew(): Promise<string | null>;
  /** This turn is shown live by whoever calls this: its news lead to no `fetchUpdates`, and there is none until the release. */
  claim(turnId: string): void;
  /** As many releases as claims end that, a moment later. */
  release(turnId: string): void;
  /**
   * The events of a turn of the open thread as a stream, from its first event or behind the id of a frame: one Response,
   * whatever happens to the network, every frame once. The turn is claimed for as long as it lasts.
   * Any other answer is given as it is: 204 where nothing is left to come, 404 where there is no such turn.
   * @param signal ends the stream, never the turn
   */
  reattach(turnId: string, lastEventId?: string | null, signal?: AbortSignal): Promise<Response>;
  /** Stops a turn of the open thread, as often as it takes to get through. Whether the backend has taken it; never rejects. */
  stop(turnId: string): Promise<boolean>;
  /** Closes the socket and stops looking for news. Answers that are being streamed go on. */
  close(): void;
};

/** One connection for a page, made once: outside of components, or in a `useMemo`. */
export function connect(options?: ConnectOptions): Connection;

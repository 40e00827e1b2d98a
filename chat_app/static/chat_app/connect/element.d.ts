/**
 * Types of <openai-chatkit> as `chatkit.js` of this server defines it, for pages without the package `@openai/chatkit`. What that
 * package has is here under the same name and in the same shape, widgets apart; what is wider here says so.
 */

/** A message that the server has taken. */
export type MessageSent = {
  message: {
    /** Null where the server has not named it. */
    id: string | null;
    /** All of its text, tags by their title. */
    text: string;
    content: UserMessageContent[];
    attachments: Attachment[];
  };
  threadId: string | null;
};

export type ChatKitEvents = {
  'chatkit.ready': CustomEvent<void>;
  'chatkit.error': CustomEvent<{ error: Error }>;
  'chatkit.effect': CustomEvent<Told>;
  'chatkit.deeplink': CustomEvent<Told>;
  'chatkit.response.start': CustomEvent<void>;
  'chatkit.response.end': CustomEvent<void>;
  'chatkit.history.open': CustomEvent<void>;
  'chatkit.history.close': CustomEvent<void>;
  'chatkit.thread.change': CustomEvent<{ threadId: string | null }>;
  'chatkit.thread.load.start': CustomEvent<{ threadId: string }>;
  'chatkit.thread.load.end': CustomEvent<{ threadId: string }>;
  'chatkit.tool.change': CustomEvent<{ toolId: string | null }>;
  'chatkit.log': CustomEvent<Told>;
  /** Not in the official element. */
  'chatkit.message.sent': CustomEvent<MessageSent>;
  /** The open thread has another title, or there is another thread. */
  'chatkit.thread.title': CustomEvent<{ threadId: string | null; title: string | null }>;
};

type Told = { name: string; data?: Record<string, unknown> };

/**
 * Attribute `docked` (not in the official element): the history stands beside the chat where there are 900 px for both. What the
 * page puts into `slot="history-end"` stands at its foot.
 */
export interface OpenAIChatKit extends HTMLElement {
  /** All options at once: what is left out has its default again. Throws TypeError where no server can be reached with them. */
  setOptions(options: ChatKitOptions): void;
  focusComposer(): Promise<void>;
  /** Null is the start screen, for a new thread. */
  setThreadId(threadId: string | null): Promise<void>;
  /** `itemId` is the widget that the action is about. */
  sendCustomAction(action: Action, itemId?: string): Promise<void>;
  /** Resolves once the server has the message. */
  sendUserMessage(params: UserMessage): Promise<void>;
  setComposerValue(params: ComposerValue): Promise<void>;
  showHistory(): Promise<void>;
  hideHistory(): Promise<void>;
  /** Reads the open thread anew. */
  fetchUpdates(): Promise<void>;

  addEventListener<K extends keyof ChatKitEvents>(
    type: K,
    listener: (event: ChatKitEvents[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof ChatKitEvents>(
    type: K,
    listener: (event: ChatKitEvents[K]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    'openai-chatkit': OpenAIChatKit;
  }
}

export type Action = { type: string; payload?: Record<string, unknown> };

type Said = {
  text?: string;
  /** In place of `text`, where there are tags in it. */
  content?: UserMessageContent[];
  /** What is quoted. */
  reply?: string;
  /** Files that the server has already. */
  attachments?: Attachment[];
};

export type UserMessage = Said & { newThread?: boolean; toolChoice?: ToolChoice; model?: string };

export type ComposerValue = Said & {
  /** Files that are still to be uploaded. */
  files?: File[];
  /** Null for no tool. */
  selectedToolId?: string | null;
  selectedModelId?: string;
};

export type ToolChoice = { id: string };

export type UserMessageContent =
  | { type: 'input_text'; text: string }
  | {
      type: 'input_tag';
      text: string;
      id: string;
      group?: string;
      data?: Record<string, unknown>;
      interactive?: boolean;
    };

export type Attachment =
  | { type: 'file'; id: string; name: string; mime_type: string }
  | { type: 'image'; id: string; name: string; mime_type: string; preview_url: string };

// Options

export type ChatKitOptions = {
  api: CustomApiConfig | HostedApiConfig;
  /** Any language tag; one without words here is English. Default: the browser's. */
  locale?: string;
  theme?: ColorScheme | ThemeOption;
  frameTitle?: string;
  initialThread?: string | null;
  onClientTool?: (toolCall: {
    name: string;
    params: Record<string, unknown>;
  }) => Promise<Record<string, unknown>> | Record<string, unknown>;
  header?: HeaderOption;
  history?: HistoryOption;
  startScreen?: StartScreenOption;
  threadItemActions?: ThreadItemActionsOption;
  composer?: ComposerOption;
  disclaimer?: DisclaimerOption;
  entities?: EntitiesOption;
  commands?: CommandsOption;
  widgets?: WidgetsOption;
  thread?: ThreadOption;
};

/** The server that has served `chatkit.js` (or that its `data-backend` names), which made the secret. */
export type HostedApiConfig = {
  /** `current` is the one that it replaces. Wider: with its `expires_at` the secret is renewed before it ends. */
  getClientSecret: (current: string | null) => Promise<string | { client_secret: string; expires_at?: string }>;
};

/** Any ChatKit server. */
export type CustomApiConfig = {
  url: string;
  fetch?: typeof fetch;
  /** Wider: not needed, there is no domain to be verified. */
  domainKey?: string;
  uploadStrategy?: FileUploadStrategy;
};

export type FileUploadStrategy = { type: 'two_phase' } | { type: 'direct'; uploadUrl: string };

/** Wider: `auto` is what the visitor's system says. */
export type ColorScheme = 'light' | 'dark' | 'auto';

export type ThemeOption = {
  colorScheme?: ColorScheme;
  typography?: TypographyOption;
  radius?: 'pill' | 'round' | 'soft' | 'sharp';
  density?: 'compact' | 'normal' | 'spacious';
  color?: ColorOption;
};

export type TypographyOption = {
  baseSize?: 14 | 15 | 16 | 17 | 18;
  fontSources?: FontObject[];
  fontFamily?: string;
  fontFamilyMono?: string;
};

export type FontObject = {
  family: string;
  src: string;
  weight?: string | number;
  style?: 'normal' | 'italic' | 'oblique';
  display?: 'auto' | 'block' | 'swap' | 'fallback' | 'optional';
  unicodeRange?: string;
};

export type ColorOption = {
  grayscale?: GrayscaleOptions;
  accent?: AccentColor;
  surface?: SurfaceColors;
};

export type GrayscaleOptions = {
  hue: number;
  tint: 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;
  shade?: -4 | -3 | -2 | -1 | 0 | 1 | 2 | 3 | 4;
};

export type AccentColor = { primary: string; level: 0 | 1 | 2 | 3 };

export type SurfaceColors = { background: string; foreground: string };

export type HeaderOption = {
  enabled?: boolean;
  title?: { enabled?: boolean; text?: string };
  leftAction?: HeaderAction;
  rightAction?: HeaderAction;
};

export type HeaderAction = { icon: HeaderIcon; onClick: () => void };

export type HistoryOption = {
  enabled?: boolean;
  showDelete?: boolean;
  showRename?: boolean;
  /** Wider, with `getClientSecret`: a field that finds conversations by their titles and what was said. Default: false. */
  showSearch?: boolean;
  /** Wider, with `getClientSecret`: a conversation can be saved as Markdown. Default: false. */
  showExport?: boolean;
};

export type StartScreenOption = { greeting?: string; prompts?: StartScreenPrompt[] };

export type StartScreenPrompt = { label: string; prompt: string | UserMessageContent[]; icon?: ChatKitIcon };

export type ThreadItemActionsOption = { feedback?: boolean; retry?: boolean };

export type ThreadOption = { autoScroll?: boolean };

export type DisclaimerOption = { /** Markdown. */ text: string; highContrast?: boolean };

export type ComposerOption = {
  placeholder?: string;
  /** Wider: characters that a message may have, as the server counts them. Default: 100,000. */
  maxLength?: number;
  attachments?: {
    enabled: boolean;
    /** Bytes: for every file, or by patterns of MIME types (`*` for all others). */
    maxSize?: number | Record<string, number>;
    maxCount?: number;
    /** MIME types and their extensions, as `showOpenFilePicker` has them. */
    accept?: Record<string, string[]>;
  };
  tools?: ToolOption[];
  models?: ModelOption[];
  dictation?: { enabled: boolean };
};

export type ToolOption = {
  id: string;
  label: string;
  icon: ChatKitIcon;
  shortLabel?: string;
  placeholderOverride?: string;
  pinned?: boolean;
  persistent?: boolean;
};

export type ModelOption = {
  id: string;
  label: string;
  description?: string;
  disabled?: boolean;
  default?: boolean;
};

export type Entity = {
  id: string;
  title: string;
  icon?: string;
  interactive?: boolean;
  group?: string;
  data?: Record<string, string>;
};

export type EntitiesOption = {
  onTagSearch?: (query: string) => Promise<Entity[]>;
  showComposerMenu?: boolean;
  onClick?: (entity: Entity) => void;
  onRequestPreview?: (entity: Entity) => Promise<{ preview: Widget<'Basic'> | null }>;
};

export type Command = { id: string; label: string; description?: string; icon?: ChatKitIcon; group?: string };

export type CommandSelection = { type: 'entity'; entity: Entity } | { type: 'menu'; commands: Command[] };

export type CommandsOption = {
  enabled: boolean;
  onSearch?: (query: string) => Promise<Command[]>;
  onSelect?: (command: Command) => Promise<void | CommandSelection>;
};

export type WidgetsOption = {
  onAction?(action: Action, widgetItem: { id: string; widget: Widget<'Card' | 'ListView' | 'Basic'> }): Promise<void>;
};

/** A widget as the server sent it: `@openai/chatkit` and `chatkit.widgets` of the Python SDK say what each type has. */
export type Widget<Type extends string = string> = { type: Type; children: unknown[]; [property: string]: unknown };

// Icons

export type LucideIcon = `lucide:${string}`;

export type ChatKitIcon =
  | 'agent' | 'analytics' | 'atom' | 'batch' | 'bolt' | 'book-open' | 'book-closed' | 'book-clock' | 'bug'
  | 'calendar' | 'chart' | 'check' | 'check-circle' | 'check-circle-filled' | 'chevron-left' | 'chevron-right'
  | 'circle-question' | 'clock' | 'compass' | 'confetti' | 'cube' | 'desktop' | 'document' | 'dots-horizontal'
  | 'dots-vertical' | 'empty-circle' | 'external-link' | 'globe' | 'keys' | 'lab' | 'images' | 'info' | 'lifesaver'
  | 'lightbulb' | 'mail' | 'map-pin' | 'maps' | 'mobile' | 'name' | 'notebook' | 'notebook-pencil' | 'page-blank'
  | 'phone' | 'play' | 'plus' | 'profile' | 'profile-card' | 'reload' | 'star' | 'star-filled' | 'search' | 'sparkle'
  | 'sparkle-double' | 'square-code' | 'square-image' | 'square-text' | 'suitcase' | 'settings-slider' | 'user'
  | 'wreath' | 'write' | 'write-alt' | 'write-alt2'
  | LucideIcon;

export type HeaderIcon =
  | 'sidebar-left' | 'sidebar-right' | 'sidebar-open-left' | 'sidebar-open-right' | 'sidebar-open-left-alt'
  | 'sidebar-open-right-alt' | 'sidebar-floating-left' | 'sidebar-floating-right' | 'sidebar-floating-open-left'
  | 'sidebar-floating-open-right' | 'sidebar-collapse-left' | 'sidebar-collapse-right' | 'collapse-left'
  | 'collapse-right' | 'open-left' | 'open-right' | 'double-chevron-left' | 'double-chevron-right' | 'home'
  | 'home-alt' | 'back-small' | 'back-large' | 'expand-large' | 'collapse-large' | 'expand-small' | 'collapse-small'
  | 'star' | 'star-filled' | 'bug' | 'chat-temporary' | 'settings-cog' | 'grid' | 'dots-horizontal' | 'dots-vertical'
  | 'dots-horizontal-circle' | 'dots-vertical-circle' | 'menu' | 'menu-inverted' | 'hamburger' | 'history'
  | 'book-open' | 'compose' | 'share' | 'light-mode' | 'dark-mode' | 'close';

// Our types beside the official ones: whatever fits theirs fits ours, and ours are wider exactly where they say so.
import type * as Ours from '@chatbackend/connect/element';
import type * as Theirs from '@openai/chatkit';

type Fits<Narrow extends Wide, Wide> = Narrow;
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type All<T extends true> = T;

// What a page was written for with the official types is taken here.
export type Options = Fits<Theirs.ChatKitOptions, Ours.ChatKitOptions>;
export type UserMessage = Fits<Parameters<Theirs.OpenAIChatKit['sendUserMessage']>[0], Ours.UserMessage>;
export type Value = Fits<Parameters<Theirs.OpenAIChatKit['setComposerValue']>[0], Ours.ComposerValue>;
export type Element = Fits<Ours.OpenAIChatKit, Pick<Theirs.OpenAIChatKit, Exclude<keyof Theirs.OpenAIChatKit, Listening>>>;
type Listening = 'addEventListener' | 'removeEventListener';

// Nothing of theirs is missing, and nothing is here that is not theirs, but what the page in docs says is ours.
type Added = `history.${'showSearch' | 'showExport'}${string}`;
type Told = 'chatkit.message.sent' | 'chatkit.thread.title';
type Parts<O, Path extends string = ''> = O extends (...given: never[]) => unknown | readonly unknown[]
  ? never
  : { [K in keyof O & string]-?: `${Path}${K}` | Parts<NonNullable<O[K]>, `${Path}${K}.`> }[keyof O & string];
type Plain = 'header' | 'history' | 'startScreen' | 'threadItemActions' | 'disclaimer' | 'entities' | 'commands' | 'widgets' | 'thread';
export type Paths = All<
  | Same<keyof Theirs.ChatKitOptions, keyof Ours.ChatKitOptions>
  | Same<Parts<Pick<Theirs.ChatKitOptions, Plain>>, Exclude<Parts<Pick<Ours.ChatKitOptions, Plain>>, Added>>
  | Same<keyof Theirs.ThemeOption, keyof Ours.ThemeOption>
  | Same<Theirs.TypographyOption, Ours.TypographyOption>
  | Same<Theirs.ColorOption, Ours.ColorOption>
  | Same<Theirs.ComposerOption, Omit<Ours.ComposerOption, 'maxLength'>>
  | Same<Theirs.ToolOption, Ours.ToolOption>
  | Same<Theirs.ModelOption, Ours.ModelOption>
  | Same<Theirs.Entity, Ours.Entity>
  | Same<Theirs.Command, Ours.Command>
  | Same<Theirs.CommandSelection, Ours.CommandSelection>
  | Same<Theirs.ChatKitIcon, Ours.ChatKitIcon>
  | Same<Theirs.HeaderIcon, Ours.HeaderIcon>
  | Same<Theirs.UserMessageContent, Ours.UserMessageContent>
  | Same<Theirs.FileUploadStrategy, Ours.FileUploadStrategy>
  | Same<Exclude<Ours.ColorScheme, 'auto'>, Theirs.ColorScheme>
>;

// Events: theirs, and ours.
export type Events = All<
  | Same<Exclude<keyof Ours.ChatKitEvents, Told>, keyof Theirs.ChatKitEvents>
  | Same<Omit<Ours.ChatKitEvents, Told>, Theirs.ChatKitEvents>
>;

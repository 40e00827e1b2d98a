import type * as Official from '@openai/chatkit-react';
import type { ForwardRefExoticComponent, HTMLAttributes, RefAttributes } from 'react';
import type { MessageSent } from './element.js';

export * from '@openai/chatkit-react';
export type { MessageSent } from './element.js';

type Sending = {
  /** The server has taken a message of the user's, typed or sent by the page. Told by the element of this package alone. */
  onMessageSent?: (sent: MessageSent) => unknown;
};

export type UseChatKitOptions = Official.UseChatKitOptions & Sending;

export type ChatKitControl = Omit<Official.ChatKitControl, 'handlers'> & {
  handlers: Official.ChatKitControl['handlers'] & Sending;
};

export type UseChatKitReturn = Omit<Official.UseChatKitReturn, 'control'> & { control: ChatKitControl };

export declare function useChatKit(options: UseChatKitOptions): UseChatKitReturn;

export type ChatKitProps = HTMLAttributes<Official.OpenAIChatKit> & { control: ChatKitControl };

export declare const ChatKit: ForwardRefExoticComponent<ChatKitProps & RefAttributes<Official.OpenAIChatKit>>;

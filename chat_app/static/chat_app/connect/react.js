/**
 * `@openai/chatkit-react` with the one handler that it lacks: `onMessageSent`. Everything else is the official package's own,
 * handed on as it is. For a bundler: the bare names below are the page's own packages.
 */

import { ChatKit as OfficialChatKit } from '@openai/chatkit-react';
import { createElement, forwardRef, useCallback, useEffect, useRef } from 'react';

export * from '@openai/chatkit-react';

const SENT = 'chatkit.message.sent';

/** The official component, which tells `onMessageSent` of each message that the server has taken. */
export const ChatKit = forwardRef(function ChatKit({ control, ...rest }, forwarded) {
  const element = useRef(null);
  const { handlers } = control;
  useEffect(() => {
    const listening = element.current;
    if (!listening) return undefined;
    const tell = ({ detail }) => handlers.onMessageSent?.(detail);
    listening.addEventListener(SENT, tell);
    return () => listening.removeEventListener(SENT, tell);
  }, [handlers]);
  const keep = useCallback(
    (found) => {
      element.current = found;
      if (typeof forwarded === 'function') forwarded(found);
      else if (forwarded) forwarded.current = found;
    },
    [forwarded],
  );
  return createElement(OfficialChatKit, { ...rest, control, ref: keep });
});

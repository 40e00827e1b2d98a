// The published ChatKit component plus the one call it lacks: `onMessageSent`, which example 2 counts on.
import { useEffect, useRef } from 'react';
import { ChatKit as Published } from '@openai/chatkit-react';

export function ChatKit({ control, ...rest }) {
  const element = useRef(null);
  useEffect(() => {
    const tell = (event) => control.handlers.onMessageSent?.(event.detail);
    const listening = element.current;
    listening.addEventListener('chatkit.message.sent', tell);
    return () => listening.removeEventListener('chatkit.message.sent', tell);
  }, [control]);
  return <Published ref={element} control={control} {...rest} />;
}

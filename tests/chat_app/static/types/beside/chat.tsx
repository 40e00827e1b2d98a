// A React page on the official package by way of ours: `onMessageSent` is there, and all that was there before.
import { connect } from '@chatbackend/connect';
import { ChatKit, useChatKit, type ChatKitOptions, type MessageSent } from '@chatbackend/connect/react';
import { useRef } from 'react';

const backend = connect({ url: 'https://chat.example.com/chatkit', sessionUrl: null });
const looks: Pick<ChatKitOptions, 'theme'> = { theme: { colorScheme: 'dark' } };

export function Chat() {
  const last = useRef<MessageSent>(null);
  const { control, sendUserMessage, ref } = useChatKit({
    api: backend.api,
    ...looks,
    onMessageSent: async (sent) => {
      last.current = sent;
      await sendUserMessage({ text: sent.message.text.toUpperCase() });
    },
    onThreadChange: ({ threadId }) => console.log(threadId, ref.current?.isConnected),
  });
  return <ChatKit control={control} className="chat" ref={(element) => backend.attach(element)} />;
}

export function Wrong() {
  // @ts-expect-error the sent message has no such part
  const { control } = useChatKit({ api: backend.api, onMessageSent: ({ message }) => message.words });
  return <ChatKit control={control} />;
}

// A page as a customer writes it: the published React package, and the connector from where the server has it.
import { useEffect } from 'react';
import { createRoot } from 'react-dom/client';
import { ChatKit, useChatKit } from '@openai/chatkit-react';

const PLACE = 'openThread';
const { connect } = await import(window.connectFrom ?? '/static/chat_app/connect.js');
window.states = [];
const backend = connect({ onStatus: ({ state }) => window.states.push(state), ...window.connectOptions });
window.connection = backend;

function Chat() {
  const { control, ref } = useChatKit({
    api: backend.api,
    initialThread: sessionStorage.getItem(PLACE),
    startScreen: { greeting: 'Ask the backend' },
    onThreadChange: ({ threadId }) => (threadId ? sessionStorage.setItem(PLACE, threadId) : sessionStorage.removeItem(PLACE)),
    onClientTool: async ({ name, params }) => ({ name, params }),
  });
  useEffect(() => backend.attach(ref.current), [ref]);
  return <ChatKit control={control} className="chat" />;
}

createRoot(document.getElementById('root')).render(<Chat />);

// A page that has no package of OpenAI's: the element by its own types and by the tag's name, and the connector.
import type { ChatKitOptions, Command, Entity, MessageSent } from '../../../../../chat_app/static/chat_app/chatkit.js';
import { connect } from '../../../../../chat_app/static/chat_app/connect.js';

const element = document.createElement('openai-chatkit');

const hosted: ChatKitOptions = {
  api: { getClientSecret: async (current) => ({ client_secret: current ?? 'cs_1', expires_at: '2026-12-01T00:00:00Z' }) },
  locale: 'eo',
  theme: 'auto',
  initialThread: null,
};

const custom: ChatKitOptions = {
  api: { url: '/chatkit', fetch, uploadStrategy: { type: 'direct', uploadUrl: '/api/attachments' } },
  theme: { colorScheme: 'auto', radius: 'soft', color: { accent: { primary: '#06c', level: 1 } } },
  header: { title: { text: 'Help' }, leftAction: { icon: 'menu', onClick: () => element.showHistory() } },
  startScreen: { prompts: [{ label: 'Hello', prompt: [{ type: 'input_text', text: 'Hello' }], icon: 'lucide:hand' }] },
  composer: {
    attachments: { enabled: true, maxSize: { 'image/*': 1e6, '*': 5e6 }, accept: { 'image/*': ['.png'] } },
    models: [{ id: 'gpt2', label: 'GPT-2', default: true }],
    tools: [{ id: 'search', label: 'Search', icon: 'search' }],
  },
  entities: { onTagSearch: async (query): Promise<Entity[]> => [{ id: query, title: query }] },
  commands: { enabled: true, onSelect: async (command: Command) => ({ type: 'menu', commands: [command] }) },
  widgets: { onAction: async (action, { id, widget }) => element.sendCustomAction({ ...action, type: widget.type }, id) },
  onClientTool: ({ name, params }) => ({ [name]: params }),
};

element.setOptions(hosted);
element.setOptions(custom);
element.addEventListener('chatkit.message.sent', ({ detail }) => keep(detail));
element.addEventListener('chatkit.thread.change', ({ detail: { threadId } }) => void element.setThreadId(threadId));
element.addEventListener('click', (event) => event.preventDefault());
await element.sendUserMessage({ text: 'Hello', toolChoice: { id: 'search' }, model: 'gpt2', newThread: true });
await element.setComposerValue({ files: [new File([], 'a.txt')], selectedToolId: null });

function keep({ message, threadId }: MessageSent): void {
  console.log(threadId, message.id?.length, message.text, message.content.length, message.attachments.length);
}

const connection = connect({
  onTurn: (turnId) => connection.claim(turnId),
  onThreads: () => connection.release('trn_1'),
});
const rest: Response = await connection.reattach('trn_1', null, new AbortController().signal);
const stopped: boolean = await connection.stop('trn_1');
element.setOptions({ api: connection.api });
connection.attach(element);
console.log(rest.status, stopped, await connection.token());

// @ts-expect-error an option that is none
element.setOptions({ api: { url: '/chatkit' }, colour: 'blue' });
// @ts-expect-error neither a server nor a way to its secret
element.setOptions({ api: {} });
// @ts-expect-error an icon that is none
element.setOptions({ api: { url: '/' }, header: { leftAction: { icon: 'nothing', onClick() {} } } });
// @ts-expect-error a tool is named
await element.sendUserMessage({ text: 'Hello', toolChoice: 'search' });

/** What both elements on the page are told alike: what to offer to who has said nothing yet, files, dictation, models. */

const PROMPTS = [
  { label: 'What can I do here?', prompt: 'What can I do here, and how do I connect my own front end?', icon: 'compass' },
  { label: 'Add a real model', prompt: 'How do I put a real model behind this chat? Show me the steps.', icon: 'cube' },
  { label: 'Write some code', prompt: 'Write a small Python function that groups words by their first letter, with a test.', icon: 'square-code' },
  { label: 'Compare two things', prompt: 'Compare server-sent events and WebSockets in a table, then say when to use which.', icon: 'chart' },
];

/** @param {DOMStringMap} told what the server knows of files and dictation @param {object[]} [models] of the composer */
export function common({ maxSize, maxCount, dictation }, models) {
  return {
    frameTitle: 'Chat',
    history: { enabled: true, showDelete: true, showRename: true },
    startScreen: { greeting: 'What would you like to talk about?', prompts: PROMPTS },
    threadItemActions: { feedback: true, retry: true },
    composer: {
      placeholder: 'Message',
      attachments: { enabled: true, maxSize: Number(maxSize), maxCount: Number(maxCount) },
      dictation: { enabled: Boolean(dictation) },
      ...(models && { models }),
    },
    disclaimer: { text: 'Answers can be wrong. Check what matters.' },
  };
}

/** The models that this visitor may use, as the composer offers them. @param {typeof fetch} fetch in the visitor's name */
export async function modelsOf(fetch) {
  const response = await fetch('/api/models');
  if (!response.ok) throw Object.assign(new Error(`the models were refused with ${response.status}`), { status: response.status });
  const { data } = await response.json();
  return data.map(({ id, label, description, available, default: isDefault }) => ({
    id, label, description, disabled: !available, default: isDefault,
  }));
}

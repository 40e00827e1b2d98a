/** A conversation as a file of Markdown, as this server's own API gives it. */

import { h } from '../../view/dom.js';
import { ChatKitError } from '../protocol/client.js';

const LONGEST = 80; // characters of a title that a file's name takes
const LATER = 60_000; // ms until nobody reads the file any more

/** Hand it to the browser to be saved. @throws ChatKitError in words, whatever went wrong */
export async function exportThread(kit, { id, title }) {
  const { connection } = kit.transport;
  const address = new URL(`api/threads/${encodeURIComponent(id)}/export`, kit.backend).href;
  let file;
  try {
    const response = await connection.api.fetch(address);
    if (!response.ok) throw await kit.client.refusal(response);
    file = await response.blob();
  } catch (cause) {
    throw cause instanceof ChatKitError ? cause : new ChatKitError(kit.t('history.exportFailed'), { cause });
  }
  save(file, `${fileName(title) || fileName(kit.t('thread.label'))}.md`);
}

function save(file, name) {
  const address = URL.createObjectURL(file);
  h('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), LATER);
}

/** A title as a name that every system takes: no separators, nothing that cannot be seen, no dots at either end. */
function fileName(title) {
  const tame = (title ?? '').normalize().replace(/[\\/:*?"<>|\p{C}]+/gu, ' ').replace(/\s+/g, ' ').trim();
  return [...tame].slice(0, LONGEST).join('').replace(/^[. ]+|[. ]+$/g, '');
}

/** Thumbs: what a person thinks of an answer, told to the server. An answer may be several items. */

/** @param {string[]} ids of the answer's items @param {'positive'|'negative'} kind */
export async function rate(kit, ids, kind) {
  const before = known(kit, ids, kind);
  try {
    await kit.client.call('items.feedback', { thread_id: kit.store.state.threadId, item_ids: ids, kind });
  } catch (error) {
    restore(kit, before);
    kit.report(error); // no trouble to anybody: a server may not care
  }
}

/** Take a rating back: the protocol knows no such thing, this server does. */
export async function takeBack(kit, ids) {
  const before = known(kit, ids, undefined);
  try {
    await Promise.all(before.map(([id]) => forget(kit, id)));
  } catch (error) {
    restore(kit, before);
    kit.fail(error);
  }
}

async function forget(kit, id) {
  const { api } = kit.transport.connection;
  const url = `${kit.backend}api/items/${encodeURIComponent(id)}/feedback`;
  const response = await api.fetch(url, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: '{"kind": null}' });
  if (!response.ok) throw await kit.client.refusal(response);
  await response.body?.cancel();
}

/** The rating as it is shown from now on, where the server tells of one at all. -> [id, what it was] of those answers */
function known(kit, ids, feedback) {
  const rated = ids.filter((id) => kit.items.get(id)?.answered);
  const before = rated.map((id) => [id, kit.items.get(id).answered.feedback]);
  kit.items.know(Object.fromEntries(rated.map((id) => [id, { feedback }])));
  kit.store.touch();
  return before;
}

function restore(kit, before) {
  kit.items.know(Object.fromEntries(before.map(([id, feedback]) => [id, { feedback }])));
  kit.store.touch();
}

// What is kept for the person who is at work: forms, drafts, and what was filled in. An item is
// a head (small, for lists) and files, sealed apart, so that a list never opens photographs.
import * as db from "./db.js";
import * as seal from "./seal.js";

const filesOf = (id) => `${id}/files`;

/** save keeps an item; without files those it has stay. */
export async function save(item, files) {
  const record = { holder: seal.holder(), at: Date.now(), ...item };
  const { head, ...clear } = record;
  if (files) await db.put("records", { id: filesOf(item.id), holder: record.holder, kind: "files", ...(await seal.seal(filesOf(item.id), null, files)) });
  await db.put("records", { ...clear, ...(await seal.seal(item.id, head)) });
  return record;
}

const opened = async ({ iv, sealed, ...clear }) => ({ ...clear, head: (await seal.unseal({ id: clear.id, iv, sealed })).head });

/** list gives the items of a kind ("form", "draft", "out"), oldest first. */
export async function list(kind) {
  const records = await db.ofKind(seal.holder(), kind);
  return (await Promise.all(records.map(opened))).sort((a, b) => a.at - b.at);
}

/** get gives one item, undefined when it is not there or another's. */
export async function get(id) {
  const record = await db.get("records", id);
  return record && record.holder === seal.holder() ? opened(record) : undefined;
}

export const files = async (id) => (await seal.unseal(await db.get("records", filesOf(id)))).files;

export async function drop(id) {
  await db.remove("records", id);
  await db.remove("records", filesOf(id));
}

/** dropFiles lets go of what was sent, and keeps that it was. */
export const dropFiles = (id) => db.remove("records", filesOf(id));

// The outbox: what was filled in waits, is sent, and was sent or refused.
//
//   waiting  until the server can be reached and the person is signed in
//   sent     the server has it on disk; only that it was sent stays here
//   refused  the server will not take it, and said why; it stays until a person decides
//
// One page at a time sends (a lock over all tabs), one after the other. Should an answer be lost,
// it is sent again: the server knows the instance id and keeps one.
import * as items from "./items.js";
import * as seal from "./seal.js";
import { ask, SignedOut, Unreachable } from "./net.js";

const watchers = new Set();
/** onChange tells of every change; it gives what ends the telling. */
export const onChange = (f) => (watchers.add(f), () => watchers.delete(f));
const changed = () => watchers.forEach((f) => f());

/** put puts a filled form into the outbox; it is on the device when this is done. */
export async function put(id, head, files) {
  await items.save({ id, kind: "out", state: "waiting", head }, files);
  changed();
  navigator.serviceWorker?.getRegistration("/fill").then((sw) => sw?.sync?.register("send")).catch(() => {}); // not every browser has it, nor lets it
}

async function post(item) {
  const body = new FormData();
  for (const f of await items.files(item.id)) body.append(f.name, f, f.name);
  const r = await ask(`/fill/${item.head.project}/${encodeURIComponent(item.head.form)}/submission`, { method: "POST", body });
  const answer = await r.json().catch(() => ({}));
  if (!r.ok) return items.save({ ...item, state: "refused", head: { ...item.head, reason: answer.reason ?? "", code: answer.code ?? String(r.status) } });
  // What the record calls itself (often somebody's name) goes with it.
  await items.save({ ...item, state: "sent", at: Date.now(), head: { ...item.head, name: undefined } });
  return items.dropFiles(item.id);
}

let signedOut = false;
/** needsSignIn says whether the last try met a closed door. */
export const needsSignIn = () => signedOut;

let now = null;
/** sending is the id of what is on its way at this moment. */
export const sending = () => now;

let arrived = 0;
/** justSent is how many arrived since it was last asked. */
export function justSent() {
  const n = arrived;
  arrived = 0;
  return n;
}

/** send tries everything that waits. It gives how many were sent. */
export const send = () => navigator.locks.request("aman-fill-send", { ifAvailable: true }, async (lock) => {
  if (!lock || !seal.unlocked()) return 0;
  let sent = 0;
  for (;;) {
    const item = (await items.list("out")).find((i) => i.state === "waiting");
    if (!item) break;
    now = item.id;
    changed();
    try {
      await post(item);
      signedOut = false;
      if ((await items.get(item.id))?.state === "sent") { sent++; arrived++; }
    } catch (e) {
      if (e instanceof SignedOut) signedOut = true;
      else if (!(e instanceof Unreachable)) throw e;
      break;
    } finally {
      now = null;
    }
  }
  changed();
  return sent;
});

/** again lets something that was refused wait once more. */
export async function again(id) {
  const item = await items.get(id);
  await items.save({ ...item, state: "waiting", head: { ...item.head, reason: undefined, code: undefined } });
  changed();
  return send();
}

/** forgetOld drops what says that something was sent, after 30 days. */
export async function forgetOld() {
  for (const i of await items.list("out")) if (i.state === "sent" && Date.now() - i.at > 30 * 24 * 3600e3) await items.drop(i.id);
}

addEventListener("online", () => void send());
document.addEventListener("visibilitychange", () => { if (!document.hidden) void send(); });
setInterval(() => { if (!document.hidden) void send(); }, 45_000);
navigator.serviceWorker?.addEventListener("message", (e) => { if (e.data === "send") void send(); });

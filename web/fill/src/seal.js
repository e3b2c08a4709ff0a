// Keys and sealing. Everything this page keeps on the device is sealed with AES-256-GCM under
// one random key per person and device. That key is kept only wrapped:
//
//   - under a secret that the server gives to whoever is signed in, and
//   - once a passphrase was chosen, under PBKDF2-HMAC-SHA-256 of it.
//
// A signed-in page opens the first wrap without asking; without a network the passphrase opens
// the second. The open key lives in this module alone, not extractable, and goes with the page.
import * as db from "./db.js";
import { json } from "./net.js";

// OWASP Password Storage Cheat Sheet: 600,000 rounds of PBKDF2-HMAC-SHA-256.
const rounds = 600_000;
// After so many wrong passphrases the second wrap is destroyed; signing in still opens the first.
export const tries = 8;
// A passphrase guards against whoever has the disk and can try for ever.
export const shortest = 12;

const bytes = (n) => crypto.getRandomValues(new Uint8Array(n));
const utf8 = new TextEncoder();
const aes = { name: "AES-GCM", length: 256 };

async function wrapper(secret, salt) {
  const from = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
  return crypto.subtle.deriveKey({ name: "HKDF", hash: "SHA-256", salt, info: utf8.encode("aman fill: server") }, from, aes, false, ["wrapKey", "unwrapKey"]);
}

async function stretched(passphrase, salt, iterations) {
  const from = await crypto.subtle.importKey("raw", utf8.encode(passphrase.normalize("NFC").trim()), "PBKDF2", false, ["deriveKey"]);
  return crypto.subtle.deriveKey({ name: "PBKDF2", hash: "SHA-256", salt, iterations }, from, aes, false, ["wrapKey", "unwrapKey"]);
}

async function wrap(key, under, salt, more) {
  const iv = bytes(12);
  return { salt, iv, key: await crypto.subtle.wrapKey("raw", key, under, { name: "AES-GCM", iv }), ...more };
}

const unwrap = (w, under, extractable) => crypto.subtle.unwrapKey("raw", w.key, under, { name: "AES-GCM", iv: w.iv }, aes, extractable, ["encrypt", "decrypt"]);

let open = null; // { holder, key }

export const holder = () => open?.holder;
export const unlocked = () => open !== null;
/** lock forgets the key. */
export const lock = () => { open = null; };

/** serverKey asks the server for the secret of this person on this device. The server derives it
 *  from a number that only this device has, so that whoever once held her session cannot open a
 *  disk that comes into his hands later. */
export async function serverKey() {
  let device = await db.get("holders", "device");
  if (!device) {
    device = { holder: "device", number: btoa(String.fromCharCode(...bytes(32))) };
    await db.put("holders", device);
  }
  return json("/fill/key", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ device: device.number }) });
}

/** withServer opens the device's store with what serverKey gave; the first time it makes the key. */
export async function withServer({ holder, secret }) {
  const raw = Uint8Array.from(atob(secret), (c) => c.charCodeAt(0));
  let kept = await db.get("holders", holder);
  if (!kept) {
    const salt = bytes(16), key = await crypto.subtle.generateKey(aes, true, ["encrypt", "decrypt"]);
    kept = { holder, server: await wrap(key, await wrapper(raw, salt), salt), wrong: 0 };
    await db.put("holders", kept);
  }
  open = { holder, key: await unwrap(kept.server, await wrapper(raw, kept.server.salt), false) };
  // A right sign-in forgives wrong passphrases.
  if (kept.wrong) await db.put("holders", { ...kept, wrong: 0 });
}

/** choosePassphrase lets the store be opened without a network; it needs a signed-in page. */
export async function choosePassphrase({ holder, secret }, passphrase) {
  const raw = Uint8Array.from(atob(secret), (c) => c.charCodeAt(0));
  const kept = await db.get("holders", holder);
  const key = await unwrap(kept.server, await wrapper(raw, kept.server.salt), true);
  const salt = bytes(16);
  await db.put("holders", { ...kept, wrong: 0, passphrase: await wrap(key, await stretched(passphrase, salt, rounds), salt, { rounds }) });
}

/** hasPassphrase says whether the store of the person who is signed in opens without a network. */
export const hasPassphrase = async () => Boolean((await db.get("holders", open.holder))?.passphrase);

/** canUnlock says whether anybody's store on this device opens with a passphrase. */
export const canUnlock = async () => (await db.all("holders")).some((h) => h.passphrase);

/** withPassphrase opens the store whose passphrase this is; it gives how many tries are left, or true. */
export async function withPassphrase(passphrase) {
  const all = (await db.all("holders")).filter((h) => h.passphrase);
  for (const h of all) {
    try {
      const key = await unwrap(h.passphrase, await stretched(passphrase, h.passphrase.salt, h.passphrase.rounds), false);
      open = { holder: h.holder, key };
      if (h.wrong) await db.put("holders", { ...h, wrong: 0 });
      return true;
    } catch { /* not this one's */ }
  }
  // Whose it should have been nobody can tell: it counts against each.
  let left = tries;
  for (const h of all) {
    const wrong = h.wrong + 1;
    left = Math.min(left, tries - wrong);
    await db.put("holders", wrong >= tries ? { ...h, wrong: 0, passphrase: undefined } : { ...h, wrong });
  }
  return left;
}

// What is sealed: 4 bytes length of the head, the head as JSON, then the files one after the other.
/** seal seals a head (any JSON value) and files for one record; the record's id is bound in. */
export async function seal(id, head, files = []) {
  const about = files.map((f) => ({ name: f.name, type: f.type, size: f.size }));
  const text = utf8.encode(JSON.stringify({ head, files: about }));
  const length = new DataView(new ArrayBuffer(4));
  length.setUint32(0, text.length);
  const plain = await new Blob([length, text, ...files]).arrayBuffer();
  const iv = bytes(12);
  return { iv, sealed: await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: utf8.encode(id) }, open.key, plain) };
}

/** unseal gives { head, files } of a record. */
export async function unseal(record) {
  const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: record.iv, additionalData: utf8.encode(record.id) }, open.key, record.sealed);
  const end = 4 + new DataView(plain).getUint32(0);
  const { head, files } = JSON.parse(new TextDecoder().decode(new Uint8Array(plain, 4, end - 4)));
  let at = end;
  return { head, files: files.map((f) => new File([plain.slice(at, (at += f.size))], f.name, { type: f.type })) };
}

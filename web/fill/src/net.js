// Talking to the server. Every answer is one of: an answer, "signed out", or "cannot be reached".
export class SignedOut extends Error {}
export class Unreachable extends Error {}

let up = navigator.onLine;
const watchers = new Set();
function reached(is) {
  if (up === is) return;
  up = is;
  watchers.forEach((f) => f(is));
}
/** reachable says whether the server answered when it was last asked. */
export const reachable = () => up;
/** onReach tells when that changes; it gives what ends the telling. */
export const onReach = (f) => (watchers.add(f), () => watchers.delete(f));
addEventListener("offline", () => reached(false));

/** ask fetches from the server; answers of 500 and more count as unreachable, since they pass. */
export async function ask(path, options = {}) {
  let r;
  try {
    r = await fetch(path, { redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(options.body ? 120_000 : 20_000), ...options, headers: { Accept: "application/json", ...options.headers } });
  } catch {
    reached(false);
    throw new Unreachable();
  }
  if (r.type === "opaqueredirect" || r.status === 401) {
    reached(true);
    throw new SignedOut();
  }
  if (r.status >= 500 || r.status === 429) {
    reached(false);
    throw new Unreachable();
  }
  reached(true);
  return r;
}

export async function json(path, options) {
  const r = await ask(path, options);
  if (!r.ok) throw new Unreachable();
  return r.json();
}

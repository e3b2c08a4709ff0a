// The service worker: it keeps the shell (no names, no answers) and the program, so that the page
// opens without a network. It never keeps a page of the server, a form or an answer; those are
// sealed in IndexedDB. The server puts the list of what to keep before this text: `keep`, and a
// name that changes with it: `edition`.
/* global keep, edition */

const cacheName = "aman-fill-" + edition;
const shell = (lang) => `/fill/shell?lang=${lang}`;

self.addEventListener("install", (e) => {
  e.waitUntil(caches.open(cacheName).then((c) => c.addAll(keep.map((path) =>
    // What the page has fetched already is not fetched again: its address has its hash in it.
    new Request(path, { cache: path.startsWith("/assets/") ? "default" : "reload" })))).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (e) => {
  e.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith("aman-fill-") && name !== cacheName && name !== "aman-fill-lang") await caches.delete(name);
    await self.clients.claim();
  })());
});

// The language of the last page that was seen, for the shell.
const language = async () => (await (await caches.open("aman-fill-lang")).match("/lang"))?.text() ?? "en";
async function remember(lang) {
  await (await caches.open("aman-fill-lang")).put("/lang", new Response(lang));
}

self.addEventListener("message", (e) => { if (e.data.lang) e.waitUntil(remember(e.data.lang)); });

async function page(request) {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(15_000) });
    if (answer.status < 500) return answer;
  } catch { /* no network: the shell */ }
  return (await (await caches.open(cacheName)).match(shell(await language()))) ?? Response.error();
}

async function kept(request) {
  return (await (await caches.open(cacheName)).match(request)) ?? fetch(request);
}

self.addEventListener("fetch", (e) => {
  const url = new URL(e.request.url);
  if (e.request.method !== "GET" || url.origin !== location.origin) return;
  if (e.request.mode === "navigate") e.respondWith(page(e.request));
  else if (url.pathname.startsWith("/assets/")) e.respondWith(kept(e.request));
});

// Where the browser tells when the network is back, the open pages send what waits. Without an
// open, unlocked page nothing can be sent: the key is nowhere else.
self.addEventListener("sync", (e) => {
  if (e.tag === "send") e.waitUntil(self.clients.matchAll().then((all) => all.forEach((c) => c.postMessage("send"))));
});

// What a telephone keeps for when there is no network: our own files, the board, and one's own bookings.
// Only pages that the server marks as fit to keep are kept; another person, or nobody, at this browser empties them.

const FILES = "etabli-files", PAGES = "etabli-pages";
const OFFLINE = "/hors-ligne";
const KEPT_MS = 7 * 24 * 3600 * 1000;
const WAIT_MS = 8000;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(PAGES).then((cache) => cache.add(new Request(OFFLINE, { cache: "reload", credentials: "omit" }))));
  self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  event.waitUntil(self.clients.claim());
});

// A page tells who looks at it (a number, never a name).
self.addEventListener("message", (event) => {
  if (typeof event.data?.viewer === "string") event.waitUntil(seenBy(event.data.viewer));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (address.origin !== self.location.origin) return;
  if (request.method === "POST" && /^\/compte\/|\/sortir$/.test(address.pathname)) {
    event.waitUntil(forget());
    return;
  }
  if (request.method !== "GET") return;
  if (address.pathname.startsWith("/static/") && address.searchParams.has("v")) event.respondWith(file(request));
  else if (request.mode === "navigate") event.respondWith(visit(event, address));
});

async function file(request) {
  const cache = await caches.open(FILES);
  const known = await cache.match(request);
  if (known) return known;
  const answer = await fetch(request);
  if (answer.ok) {
    await withoutOlder(cache, request);
    await cache.put(request, answer.clone());
  }
  return answer;
}

// The same file with another fingerprint is of an earlier version.
async function withoutOlder(cache, request) {
  const { pathname } = new URL(request.url);
  for (const known of await cache.keys()) {
    if (new URL(known.url).pathname === pathname) await cache.delete(known);
  }
}

async function visit(event, address) {
  const asked = fetch(event.request);
  try {
    const answer = await Promise.race([asked, tooLong()]);
    if (answer.ok && answer.headers.has("Etabli-Keep") && !address.search) {
      event.waitUntil(keep(address, answer.clone()));
    }
    return answer;
  } catch {
    return (await old(address)) ?? (await asked.catch(() => caches.match(OFFLINE))) ?? Response.error();
  }
}

function tooLong() {
  return new Promise((_, reject) => { setTimeout(reject, WAIT_MS); });
}

async function keep(address, answer) {
  const headers = new Headers(answer.headers);
  headers.set("Etabli-Kept-At", String(Date.now()));
  const cache = await caches.open(PAGES);
  await cache.put(address.pathname, new Response(await answer.blob(), { headers }));
}

// The page as it was: the sentence that says so is in it already, hidden.
async function old(address) {
  const kept = await (await caches.open(PAGES)).match(address.pathname);
  if (!kept || Date.now() - Number(kept.headers.get("Etabli-Kept-At")) > KEPT_MS) return undefined;
  const text = (await kept.text()).replace('id="seen-before" hidden', 'id="seen-before"');
  return new Response(text, { headers: kept.headers });
}

async function seenBy(viewer) {
  const cache = await caches.open(PAGES);
  const before = await (await cache.match("/viewer"))?.text();
  if (before === viewer) return;
  if (before !== undefined) await forget();
  await (await caches.open(PAGES)).put("/viewer", new Response(viewer));
}

async function forget() {
  const cache = await caches.open(PAGES);
  for (const known of await cache.keys()) {
    if (new URL(known.url).pathname !== OFFLINE) await cache.delete(known);
  }
}

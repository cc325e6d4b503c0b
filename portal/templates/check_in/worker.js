// Keeps the page of one meeting's door for when there is no network; of the portal it sees and keeps nothing else.
"use strict";

const PAGE = {{ page | tojson }}, ASSETS = {{ assets | tojson }}, LATER = {{ later | tojson }};
// Of all doors' caches on this device it is known by its page; what is in it says which version it is.
const CACHE = "check-in " + PAGE;
const PATIENCE = 4000; // ms

async function fill() {
  const cache = await caches.open(CACHE);
  await cache.addAll([new Request(PAGE, { cache: "no-store" }), ...ASSETS]);
  // The camera's decoder is large; without it everything else works.
  await cache.addAll(LATER).catch(() => {});
}

addEventListener("install", (event) => event.waitUntil(fill().then(() => skipWaiting())));

// The page misses what was kept.
addEventListener("message", (event) => event.waitUntil(fill().catch(() => {}).then(() => event.ports[0]?.postMessage("done"))));

addEventListener("activate", (event) => event.waitUntil((async () => {
  const cache = await caches.open(CACHE);
  const wanted = [PAGE, ...ASSETS, ...LATER].map((path) => new URL(path, location).href);
  for (const old of await cache.keys()) if (!wanted.includes(old.url)) await cache.delete(old);
  await clients.claim();
})()));

addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  const path = url.pathname + url.search;
  if (ASSETS.includes(path) || LATER.includes(path)) event.respondWith(asset(request));
  else if (request.mode === "navigate" && url.pathname === PAGE) event.respondWith(page(request));
  else if (request.mode === "navigate" && url.pathname.startsWith(PAGE + "/")) event.respondWith(fetch(request).catch(() => Response.redirect(PAGE + "#" + url.pathname.slice(PAGE.length + 1))));
});

async function asset(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, { ignoreVary: true });
  if (kept) return kept;
  const got = await fetch(request);
  if (got.ok) await cache.put(request, got.clone());
  return got;
}

async function page(request) {
  const kept = async () => (await caches.open(CACHE)).match(PAGE, { ignoreVary: true });
  try {
    const got = await fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
    if (got.status === 410) await end();
    // A page of the portal out of order, or a hotel's own sign-in page, is not the door.
    else if (got.ok && !got.redirected) await (await caches.open(CACHE)).put(PAGE, got.clone());
    else if (got.status > 500) return await kept() || got;
    return got;
  } catch {
    return await kept() || Response.error();
  }
}

// The device ended, or its meeting: nothing of it stays here.
async function end() {
  await caches.delete(CACHE);
  await registration.unregister();
}

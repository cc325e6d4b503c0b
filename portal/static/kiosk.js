// The page at a meeting's door. What it sees goes through the queue (queue.js), with its own time; where no server
// answers, the page answers itself from the list that it took along, and nothing is lost.
"use strict";

(() => {
  const door = document.getElementById("door");
  if (!door) return;
  const { page: PAGE, sightings: SIGHTINGS, guests: GUESTS, worker: WORKER, decoder: DECODER } = door.dataset;
  const box = document.getElementById("said");
  const unsent = document.getElementById("unsent");
  const notices = document.getElementById("notices");
  const words = document.getElementById("words").dataset;
  const PATIENCE = 15000; // ms for one answer
  const SOON = 2500; // ms until the page answers itself, where it can
  const MINUTE = 60000;
  const waits = (ms) => new Promise((done) => setTimeout(done, ms));
  const fill = (text, ...values) => values.reduce((said, value) => said.replace("#", value), text);
  const clock = (at) => new Date(at).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai" });

  /* ---- Sending ----------------------------------------------------------------------------------------------------------- */

  let skew = 0; // ms by which our clock is ahead of this device's
  let listed = 0;
  let waiting = null; // what somebody stands at the door for
  const queue = new Queue({ name: PAGE, send, changed: count, silent });

  function count() {
    unsent.textContent = queue.count ? fill(words.unsent, queue.count) : words.sent;
  }

  async function send(entries) {
    // Whom the page has let in already is not sent away: what the server has against it, a person looks at.
    const isIn = ["welcome", "late", "left"].includes(waiting?.answered);
    const live = !isIn && entries.some((entry) => entry.nonce === waiting?.nonce) ? waiting.nonce : null;
    const told = entries.map(({ nonce, at, kind, values }) => ({ nonce, at, kind, ...values }));
    const got = await fetch(SIGHTINGS, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ now: Queue.time(), live, entries: told }),
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (got.status === 500 || [400, 413, 415].includes(got.status)) throw Object.assign(new Error("fault"), { isFault: true });
    // A hotel's own sign-in page answers as well, and is no answer.
    if (!got.ok || got.redirected || !got.headers.get("Content-Type")?.includes("json")) throw new Error("no answer");
    const answer = await got.json();
    skew = Math.abs(answer.skew) > 60 ? answer.skew * 1000 : 0;
    for (const one of answer.results) learn(one, answer.html);
    if (box) document.getElementById("count").textContent = answer.count;
    return answer.results.filter((one) => one.what !== "invalid").map((one) => one.nonce);
  }

  function learn(result, html) {
    if (result.what === "listed") listed++;
    const guest = known?.guests.find((one) => one.id === result.guest);
    if (guest && result.at && ["welcome", "late", "already"].includes(result.what)) guest.in = result.at;
    if (guest && result.what === "undone") guest.in = null;
    if (result.nonce !== waiting?.nonce) return;
    const { answered: here } = waiting;
    forget();
    // The page has said so already.
    if (here !== result.what && html) show(html);
  }

  function silent(is) {
    if (is && waiting && !waiting.answered) answerHere(waiting.entry);
    if (!is) refresh();
    told();
  }

  /* ---- What has to be known above all else ------------------------------------------------------------------------------ */

  function told() {
    const lines = [];
    if (queue.isSilent) lines.push(known ? words.offline : words.silent);
    if (queue.stuck) lines.push(fill(words.stuck, queue.stuck));
    if (!queue.isKept) lines.push(words.unkept);
    if (skew) lines.push(fill(words.skew, Math.round(Math.abs(skew) / MINUTE)));
    if (listed) lines.push(fill(words.listed, listed));
    if (notices.dataset.lines === lines.join("\n")) return;
    notices.dataset.lines = lines.join("\n");
    notices.replaceChildren(...lines.map((text) => Object.assign(document.createElement("p"), { className: "said said-warning", textContent: text })));
  }
  setInterval(told, 1000);
  addEventListener("beforeunload", (event) => { if (!queue.isKept && queue.count) event.preventDefault(); });

  /* ---- What this device takes along: the page and the guests; and how it forgets them ----------------------------------- */

  const KNOWN = "known " + PAGE;
  let known = null;

  async function wipe() {
    known = null;
    await Queue.notes.drop(KNOWN);
    if (!window.isSecureContext) return;
    await caches.delete("check-in " + PAGE);
    for (const one of await navigator.serviceWorker.getRegistrations()) if (new URL(one.scope).pathname === PAGE) await one.unregister();
  }

  // Lists of other meetings that are over do not wait until somebody opens their page.
  async function tidy() {
    for (const name of await Queue.notes.names()) {
      if (!String(name).startsWith("known ")) continue;
      const kept = await Queue.notes.get(name);
      // A clock that was wrong when the list came is as wrong now.
      if (kept && Date.now() + kept.skew >= Date.parse(kept.until)) await (name === KNOWN ? wipe() : Queue.notes.drop(name));
    }
    if (box) prepared();
  }

  if (!box) {
    // The door is closed: what was seen before still goes out, and all else goes from this device.
    wipe().then(tidy);
    queue.ready.then(() => queue.drain());
    count();
    return;
  }

  async function refresh() {
    if (!GUESTS) return;
    try {
      const got = await fetch(GUESTS, { signal: AbortSignal.timeout(PATIENCE) });
      if (got.status === 410) { await wipe(); location.reload(); return; }
      if (got.status !== 200 || got.redirected) return;
      const list = await got.json();
      for (const { kind, at, values } of queue.entries) {
        const guest = list.guests.find((one) => one.id === values.guest);
        if (guest && kind === "guest") guest.in ||= at;
      }
      for (const guest of known?.guests || []) {
        // Seen here and not sent yet: the server cannot know.
        const fresh = guest.in && list.guests.find((one) => one.id === guest.id);
        if (fresh && !fresh.in && guest.here && queue.entries.some((entry) => entry.nonce === guest.here)) Object.assign(fresh, { in: guest.in, here: guest.here });
      }
      known = { ...list, prepared: Date.now(), skew: Date.parse(list.now) - Date.now() };
      await Queue.notes.put(KNOWN, known);
    } catch { /* at the next minute */ }
    prepared();
  }

  let isShellKept = false;
  function prepared() {
    const place = document.getElementById("prepared");
    place.textContent = known && isShellKept ? fill(words.prepared, clock(known.prepared + known.skew), known.guests.length) : known && !window.isSecureContext ? words.partly : "";
  }

  async function prepare() {
    await tidy();
    // A user's own browser takes nobody along, nor keeps what it had as a device.
    if (!GUESTS) await wipe();
    known ||= await Queue.notes.get(KNOWN) || null;
    if (Math.abs(known?.skew) > MINUTE) skew = known.skew;
    prepared();
    refresh();
    document.getElementById("limits").hidden = window.isSecureContext;
    if (!GUESTS || !navigator.serviceWorker) return;
    try {
      await navigator.storage?.persist?.();
      const registration = await navigator.serviceWorker.register(WORKER, { scope: PAGE, updateViaCache: "none" });
      const begun = registration.installing || registration.waiting;
      if (begun && begun.state !== "activated") await new Promise((done) => begun.addEventListener("statechange", () => { if (["activated", "redundant"].includes(begun.state)) done(); }));
      isShellKept = Boolean(registration.active) && await kept(registration.active);
    } catch {
      isShellKept = Boolean(navigator.serviceWorker.controller) && await kept(null);
    }
    prepared();
  }

  // A worker that was sent away and called back at once comes back as it was, but what it had kept is gone.
  async function kept(worker) {
    const isThere = async () => Boolean(await caches.match(PAGE, { cacheName: "check-in " + PAGE, ignoreVary: true }));
    if (await isThere() || !worker) return isThere();
    const { port1, port2 } = new MessageChannel();
    const filled = new Promise((done) => { port1.onmessage = done; });
    worker.postMessage("fill", [port2]);
    await Promise.race([filled, waits(PATIENCE)]);
    return isThere();
  }

  setInterval(refresh, MINUTE);
  setInterval(tidy, MINUTE);

  /* ---- What the page answers itself ------------------------------------------------------------------------------------- */

  const answer = document.getElementById("answer");
  const ready = document.getElementById("ready");
  const DRAWN = {
    welcome: "M1.5 12a10.5 10.5 0 1 0 21 0a10.5 10.5 0 1 0-21 0M7 12.5 10.5 16 17 8.5",
    late: "M1.5 12a10.5 10.5 0 1 0 21 0a10.5 10.5 0 1 0-21 0M12 5.5V12l4.5 3",
    already: "M12 2.5 23 21.5H1zM12 9.5v6M12 17.6v1.6",
    refused: "M8 1.5h8L22.5 8v8L16 22.5H8L1.5 16V8zM8 8l8 8M16 8l-8 8",
  };
  const LOOKS = { welcome: "", late: " late", already: " twice", refused: " no" };
  const DULL = "M1.5 12a10.5 10.5 0 1 0 21 0a10.5 10.5 0 1 0-21 0M7 12h10";
  const made = (id) => document.getElementById(id).content.cloneNode(true);

  async function answerHere(entry) {
    const said = await judged(entry);
    if (waiting?.nonce === entry.nonce) waiting.answered = said.kind;
    present(said);
  }

  // { kind, word, name, company, table, seat, desk, at, text }: as far as this device knows.
  async function judged({ kind, nonce, at, values }) {
    if (kind === "walk_in" || kind === "substitute") {
      if (kind === "substitute") mark(values.guest, { out: true });
      return { ...arrived(at), name: values.name, company: values.company };
    }
    if (kind === "left") { mark(values.guest, { left: at }); return { kind: "left", word: words.left, ...whose(find(values.guest)) }; }
    if (kind === "guest") return entered(find(values.guest), at, nonce);
    const badge = read(values.said);
    const hash = window.isSecureContext ? await digest(values.said) : "";
    const guest = known?.guests.find((one) => one.code === hash);
    if (guest) return entered(guest, at, nonce);
    if (badge && badge.meeting !== Number(door.dataset.meeting)) return { kind: "refused", word: words.elsewhere, text: words.lookup };
    // A badge printed for other times, a guest added since, or forged: the server will tell.
    return { kind: "noted", word: words.noted, text: words.checked, ...whose(badge && find(badge.guest)) };
  }

  const find = (id) => known?.guests.find((one) => one.id === id);
  const whose = (guest) => guest ? { name: guest.name, company: guest.company } : {};
  const arrived = (at) => Date.parse(at) + skew >= Date.parse(door.dataset.late) ? { kind: "late", word: words.late, at } : { kind: "welcome", word: words.welcome, at };

  function mark(id, facts) {
    const guest = find(id);
    if (!guest) return;
    Object.assign(guest, facts);
    Queue.notes.put(KNOWN, known);
  }

  function entered(guest, at, nonce) {
    if (!guest) return { kind: "noted", word: words.noted, text: words.checked };
    if (guest.in && guest.here !== nonce) return { kind: "already", word: fill(words.already, clock(guest.in)), text: words.straight, ...whose(guest) };
    mark(guest.id, { in: at, here: nonce, left: null });
    return { ...arrived(at), ...guest, at };
  }

  const digest = async (said) => [...new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(said)))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  // Whom a badge names, in the clear; whether it is ours this device cannot tell from it.
  function read(said) {
    let bits = "";
    for (const letter of said.slice(2)) bits += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0");
    return bits.length < 160 ? null : { meeting: parseInt(bits.slice(0, 64), 2), guest: parseInt(bits.slice(64, 128), 2) };
  }

  function present({ kind, word, name = "", company = "", table = "", seat = "", desk = "", at = "", text = "" }) {
    const part = made("told"), section = part.querySelector("section");
    section.className = "result" + (LOOKS[kind] ?? " calm");
    section.dataset.tone = kind;
    part.querySelector("path").setAttribute("d", DRAWN[kind] || DULL);
    const values = { word, name, company, table, seat, desk, at: at && clock(at), text, here: words.here };
    for (const [key, value] of Object.entries(values)) {
      const place = part.querySelector(`[data-of=${key}]`);
      place.textContent = value;
      if (!value) (place.closest("div:not(.whose)") || place).remove();
    }
    part.querySelector(".who")?.classList.toggle("long", [...name].length > 3);
    if (!at) part.querySelector(".place").remove();
    answer.replaceChildren(part);
    answered();
  }

  /* ---- Whoever is looked for -------------------------------------------------------------------------------------------- */

  async function look(said) {
    if (!queue.isSilent) {
      try {
        const form = box.form;
        const body = new URLSearchParams({ said, nonce: Queue.number(), csrf_token: form.elements.csrf_token.value });
        const got = await fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" }, signal: AbortSignal.timeout(known ? SOON : PATIENCE) });
        if (got.ok && !got.redirected) { show(await got.text()); return; }
        if (got.status === 410) { await wipe(); location.reload(); return; }
        // The form's token went with the browser's session: a fresh page has another.
        if (got.status === 400 && await renew()) { await look(said); return; }
      } catch { /* nobody answers */ }
    }
    if (!known) { present({ kind: "refused", word: words.unknown, text: words.silent }); return; }
    hits(said);
  }

  let renewed = 0;
  async function renew() {
    if (Date.now() - renewed < 10000) return false;
    renewed = Date.now();
    const page = await fetch(PAGE);
    const fresh = new DOMParser().parseFromString(await page.text(), "text/html").querySelector("#said")?.form;
    if (fresh) box.form.elements.csrf_token.value = fresh.elements.csrf_token.value;
    return Boolean(fresh);
  }

  const MOST = 8;
  function hits(said) {
    const typed = said.normalize("NFKC").toLowerCase().replace(/[\s%_']/g, "");
    const fits = (one) => one.name.includes(typed) || one.initials.startsWith(typed) || one.sound.startsWith(typed) || (/^\d{4,}$/.test(typed) && one.tail === typed.slice(-4));
    list(typed ? known.guests.filter(fits).slice(0, MOST) : [], said);
  }

  function list(found, said, title) {
    const part = made(found.length || title ? "hits" : "nobody");
    part.querySelector("h1").textContent = title || fill(found.length ? words.found : words.nobody, found.length || said.slice(0, 24));
    const row = part.querySelector("li");
    row?.remove();
    for (const guest of found) {
      const one = row.cloneNode(true);
      one.querySelector("b").textContent = guest.name;
      const facts = [guest.company, guest.tail && fill(words.tail, guest.tail), guest.in && fill(words.since, clock(guest.in)), guest.left && fill(words.leftat, clock(guest.left))];
      one.querySelector("span").textContent = facts.filter(Boolean).join(" · ");
      one.querySelector("form").action = `${PAGE}/guests/${guest.id}`;
      one.querySelector("a").href = `${PAGE}/guests/${guest.id}/substitute`;
      one.querySelector("form + a + form").action = `${PAGE}/guests/${guest.id}/left`;
      one.querySelector(guest.in ? "a" : "form + a + form").remove();
      if (guest.left) one.querySelector("form + form")?.remove();
      part.querySelector("ul").append(one);
    }
    answer.replaceChildren(part);
    answered();
  }

  function latest() {
    const inside = (known?.guests || []).filter((one) => one.in).sort((one, other) => Date.parse(other.in) - Date.parse(one.in)).slice(0, 20);
    list(inside, "", words.latest);
  }

  function walkIn(guest) {
    const part = made("walk-in"), form = part.querySelector("form");
    part.querySelector("h1").textContent = guest ? fill(words.instead, guest.name || "") : words.walkin;
    if (guest) { form.dataset.guest = guest.id; form.elements.company.closest("div").remove(); }
    answer.replaceChildren(part);
    clearTimeout(away);
    form.elements.name.focus();
  }

  /* ---- The answer: swapped in, heard, and gone after a while so that nobody reads about the one before --------------- */

  const STAYS = { hits: 45000, refused: 15000 }; // ms; all others
  const USUALLY = 8000;
  let away = 0;

  function show(html) {
    const part = document.createElement("template");
    part.innerHTML = html;
    const counted = part.content.querySelector("[data-count]");
    if (counted) document.getElementById("count").textContent = counted.dataset.count;
    answer.replaceChildren(part.content);
    answered();
  }

  function rest() {
    answer.replaceChildren(ready.content.cloneNode(true));
    box.focus({ preventScroll: true });
  }

  function answered() {
    clearTimeout(away);
    const tone = answer.querySelector("[data-tone]")?.dataset.tone;
    if (!tone) return;
    sound(tone);
    away = setTimeout(rest, STAYS[tone] || USUALLY);
    box.focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  /* ---- Tones: [Hz, seconds], up for welcome, the same twice for already, low and rough for no ------------------------- */

  const TONES = {
    welcome: [[880, .1], [1320, .18]], late: [[880, .1], [660, .22]], already: [[520, .12], [0, .06], [520, .12]],
    refused: [[180, .5]], left: [[600, .12]], undone: [[600, .12], [450, .16]], noted: [[700, .12]], listed: [[700, .12]],
  };
  let sounds = null;
  // Browsers let a page be heard only after somebody touched it.
  for (const name of ["pointerdown", "keydown"]) addEventListener(name, () => { sounds ||= new AudioContext(); if (sounds.state === "suspended") sounds.resume(); }, true);

  function sound(tone) {
    if (!sounds || !TONES[tone]) return;
    let at = sounds.currentTime;
    for (const [hertz, seconds] of TONES[tone]) {
      if (hertz) {
        const voice = sounds.createOscillator(), loud = sounds.createGain();
        voice.type = tone === "refused" ? "square" : "sine";
        voice.frequency.value = hertz;
        loud.gain.setValueAtTime(.25, at);
        loud.gain.exponentialRampToValueAtTime(.001, at + seconds);
        voice.connect(loud).connect(sounds.destination);
        voice.start(at);
        voice.stop(at + seconds);
      }
      at += seconds;
    }
  }

  /* ---- What is seen ------------------------------------------------------------------------------------------------------- */

  const BADGE = /^HY[A-Z2-7]{19,}$/;

  function forget() {
    clearTimeout(waiting?.timer);
    waiting = null;
  }

  async function saw(kind, values) {
    forget();
    const mine = { nonce: Queue.number() };
    // Where nobody answers anyway there is nothing to wait for.
    if (!queue.isSilent) waiting = mine;
    try {
      mine.entry = await queue.put(kind, values, mine.nonce);
    } catch {
      forget();
      present({ kind: "refused", word: words.full, text: words.fullhelp });
      return;
    }
    if (queue.isSilent) { waiting = null; await answerHere(mine.entry); return; }
    if (waiting === mine) mine.timer = setTimeout(() => { if (waiting === mine && !mine.answered) answerHere(mine.entry); }, known ? SOON : PATIENCE);
  }

  function typed(said) {
    box.value = "";
    const plain = said.normalize("NFKC").trim();
    if (BADGE.test(plain.toUpperCase())) saw("scan", { said: plain.toUpperCase() });
    else if (plain) look(plain);
  }

  const GUEST = /\/check-in\/guests\/(\d+)(?:\/(left|substitute))?$/;

  addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-send]")) return;
    event.preventDefault();
    if (form === box.form) { typed(box.value); return; }
    const values = Object.fromEntries(new FormData(form));
    const [, id, what] = GUEST.exec(new URL(form.action).pathname) || [];
    if (id) saw(what || "guest", { guest: Number(id) });
    else {
      const { name, phone, company } = values;
      if (!name.trim()) { form.elements.name.focus(); return; }
      if (form.dataset.guest) saw("substitute", { guest: Number(form.dataset.guest), name, phone });
      else saw("walk_in", { name, phone, company });
    }
    box.focus();
  }, true);

  // These pages are the server's; what they ask for this page can ask itself.
  addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || !link.pathname.startsWith(PAGE)) return;
    if (go(link.pathname.slice(PAGE.length + 1), link)) event.preventDefault();
  });

  function go(where, link) {
    const [, id, what] = GUEST.exec("/check-in/" + where) || [];
    if (where === "walk-in") walkIn();
    else if (what === "substitute") walkIn({ id, name: find(Number(id))?.name || link?.closest("li")?.querySelector("b")?.textContent });
    else if (where === "last" && known && (queue.isSilent || !link)) latest();
    else if (where === "" && link) rest();
    else return false;
    return true;
  }

  /* ---- A scanner types faster than anybody; Chinese input would make characters of it, so its keys are read themselves - */

  const GAP = 80; // ms between two keys of a scanner
  let keys = "", lastAt = 0, wasScanned = false;

  addEventListener("keydown", (event) => {
    if (event.target.matches("input, textarea, select") && event.target !== box) return;
    if (event.timeStamp - lastAt > GAP) keys = "";
    lastAt = event.timeStamp;
    if (event.code === "Enter" || event.code === "NumpadEnter") {
      if (!BADGE.test(keys)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      wasScanned = event.isComposing;
      const said = keys;
      keys = "";
      typed(said);
      return;
    }
    const key = /^(?:Key([A-Z])|(?:Digit|Numpad)([0-9]))$/.exec(event.code);
    if (key) keys += key[1] || key[2];
    // Whoever types while something else has the focus means the box.
    if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey) box.focus();
  }, true);
  box.addEventListener("compositionend", () => { if (wasScanned) { wasScanned = false; box.value = ""; } });

  /* ---- The camera: continuously, a code once while it is held there ------------------------------------------------------ */

  const view = document.getElementById("camera"), eye = document.getElementById("look");
  const AGAIN = 4000; // ms without a code until it counts as shown again
  const EVERY = 120; // ms
  const WIDE = 720; // px: a badge at arm's length is read from so many
  let stream = null, awake = null;
  eye.hidden = false;

  eye.addEventListener("click", async () => {
    if (stream) { stop(); return; }
    if (!navigator.mediaDevices?.getUserMedia) { present({ kind: "refused", word: words.nocamera, text: words.needshttps }); return; }
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } }, audio: false });
    } catch {
      present({ kind: "refused", word: words.nocamera, text: words.allow });
      return;
    }
    const video = view.querySelector("video");
    video.srcObject = stream;
    view.hidden = false;
    eye.textContent = words.stop;
    await video.play();
    keepAwake();
    watch(video, await decoder());
  });

  function stop() {
    for (const track of stream?.getTracks() || []) track.stop();
    stream = null;
    view.hidden = true;
    eye.textContent = words.camera;
    awake?.release();
    awake = null;
    box.focus();
  }

  async function keepAwake() {
    try { awake = await navigator.wakeLock?.request("screen") || null; } catch { /* an empty battery refuses */ }
  }
  document.addEventListener("visibilitychange", () => { if (stream && document.visibilityState === "visible") keepAwake(); });

  // The browser's own where it has one, else ours, loaded now.
  async function decoder() {
    if ("BarcodeDetector" in window && (await BarcodeDetector.getSupportedFormats()).includes("qr_code")) {
      const own = new BarcodeDetector({ formats: ["qr_code"] });
      return async (video) => (await own.detect(video))[0]?.rawValue;
    }
    await new Promise((done, failed) => document.head.append(Object.assign(document.createElement("script"), { src: DECODER, onload: done, onerror: failed })));
    const canvas = document.createElement("canvas"), paper = canvas.getContext("2d", { willReadFrequently: true });
    return async (video) => {
      const scale = Math.min(1, WIDE / video.videoWidth);
      canvas.width = video.videoWidth * scale;
      canvas.height = video.videoHeight * scale;
      paper.drawImage(video, 0, 0, canvas.width, canvas.height);
      const { data, width, height } = paper.getImageData(0, 0, canvas.width, canvas.height);
      return jsQR(data, width, height, { inversionAttempts: "dontInvert" })?.data;
    };
  }

  async function watch(video, decode) {
    let last = "", lastSeen = 0;
    for (const mine = stream; stream === mine && mine;) {
      await new Promise((done) => setTimeout(done, EVERY));
      if (video.readyState < 2 || document.hidden) continue;
      let said;
      try { said = (await decode(video))?.normalize("NFKC").trim().toUpperCase(); } catch { continue; }
      if (!said) continue;
      const isNew = said !== last || Date.now() - lastSeen > AGAIN;
      [last, lastSeen] = [said, Date.now()];
      if (!isNew) continue;
      navigator.vibrate?.(80);
      if (BADGE.test(said)) saw("scan", { said });
      else present({ kind: "refused", word: words.forged, text: words.lookup });
    }
  }

  /* ---- The box has the focus, always ------------------------------------------------------------------------------------ */

  box.addEventListener("focusout", () => setTimeout(() => { if (document.activeElement === document.body) box.focus({ preventScroll: true }); }));
  addEventListener("click", (event) => { if (!event.target.closest("a, button, input, summary, label")) box.focus({ preventScroll: true }); });

  box.focus();
  answered();
  count();
  prepare().then(() => go(location.hash.slice(1)));
  queue.ready.then(() => queue.drain());
})();

// The page at a meeting's door: what is scanned while an answer is on its way waits its turn, and none is lost.
"use strict";

(() => {
  const box = document.getElementById("said");
  const form = box.form;
  const answer = document.getElementById("answer");
  const unsent = document.getElementById("unsent");
  const notices = document.getElementById("notices");
  const ready = document.getElementById("ready");
  const waits = (ms) => new Promise((done) => setTimeout(done, ms));

  /* ---- The queue: one after another, again and again until the server answers; a reload does not empty it ----------- */

  // htmx would read the field when its turn comes: by then the next scan stands there.
  const PLACE = "unsent " + location.pathname;
  const AGAIN = [500, 1000, 2000, 5000]; // ms
  const PATIENCE = 15000; // ms for one answer
  const FAULTS = 3; // so often a fault of the portal's own is tried again
  const failed = [];
  let queue = [];
  try { queue = JSON.parse(sessionStorage.getItem(PLACE) || "[]"); } catch { /* private windows may refuse */ }
  let isBusy = false;

  function keep() {
    try { sessionStorage.setItem(PLACE, JSON.stringify(queue)); } catch { /* as above */ }
    unsent.textContent = queue.length > 1 ? unsent.dataset.words.replace("#", queue.length) : "";
  }

  // A number of this very sighting: sent twice, it is the same one. randomUUID is not there on plain http.
  const number = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  function put(action, values) {
    queue.push({ action, values });
    keep();
    work();
  }

  async function work() {
    if (isBusy) return;
    isBusy = true;
    for (let tries = 0; queue.length;) {
      if (await send(queue[0])) {
        queue.shift();
        tries = 0;
        notices.replaceChildren();
        if (failed.length) complain(document.body.dataset.failed.replace("#", failed.splice(0).join(" ")));
      } else {
        complain(document.body.dataset.offline);
        await waits(AGAIN[Math.min(tries++, AGAIN.length - 1)]);
      }
      keep();
    }
    isBusy = false;
  }

  // Whether it was answered; what was not is sent again with its number.
  async function send(entry) {
    const body = new URLSearchParams({ ...entry.values, csrf_token: form.elements.csrf_token.value });
    try {
      const got = await fetch(entry.action, { method: "POST", body, headers: { "HX-Request": "true" }, signal: AbortSignal.timeout(PATIENCE) });
      if (got.ok || got.status === 422) {
        const elsewhere = got.headers.get("HX-Redirect");
        if (elsewhere) { location.assign(elsewhere); return await waits(PATIENCE); }
        show(await got.text());
        return true;
      }
      if (got.status === 410) { queue = []; keep(); location.reload(); return true; }
      if (got.status === 400) return await renew();
      if (got.status === 500 && (entry.faults = (entry.faults || 0) + 1) < FAULTS) return false;
      if (got.status > 500) return false;
      // No repeating mends this one; the others must not wait behind it.
      failed.push(entry.values.said || "?");
      return true;
    } catch {
      return false;
    }
  }

  // The form's token went with the browser's session: a fresh page has another.
  async function renew() {
    const page = await fetch(location.pathname);
    const fresh = new DOMParser().parseFromString(await page.text(), "text/html").querySelector("#said")?.form;
    if (!fresh) { location.reload(); return false; }
    form.elements.csrf_token.value = fresh.elements.csrf_token.value;
    return false;
  }

  function complain(words) {
    if (notices.textContent === words) return;
    const line = document.createElement("p");
    line.className = "said said-warning";
    line.textContent = words;
    notices.replaceChildren(line);
  }

  /* ---- The answer: swapped in, heard, and gone after a while so that nobody reads about the one before --------------- */

  const STAYS = { hits: 45000, refused: 15000 }; // ms; all others
  const USUALLY = 8000;
  let away = 0;

  function show(html) {
    const part = document.createElement("template");
    part.innerHTML = html;
    const count = part.content.querySelector("[data-count]");
    if (count) document.getElementById("count").textContent = count.dataset.count;
    answer.replaceChildren(part.content);
    answered();
  }

  function answered() {
    clearTimeout(away);
    const tone = answer.querySelector("[data-tone]")?.dataset.tone;
    if (!tone) return;
    sound(tone);
    away = setTimeout(() => { answer.replaceChildren(ready.content.cloneNode(true)); box.focus(); }, STAYS[tone] || USUALLY);
    box.focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  /* ---- Tones: [Hz, seconds], up for welcome, the same twice for already, low and rough for no ------------------------- */

  const TONES = {
    welcome: [[880, .1], [1320, .18]], late: [[880, .1], [660, .22]], already: [[520, .12], [0, .06], [520, .12]],
    refused: [[180, .5]], left: [[600, .12]], undone: [[600, .12], [450, .16]],
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

  /* ---- What is sent --------------------------------------------------------------------------------------------------- */

  function sendTyped(said) {
    box.value = "";
    if (said.trim()) put(form.action, { said, nonce: number() });
  }

  addEventListener("submit", (event) => {
    if (!event.target.matches("[data-send]")) return;
    event.preventDefault();
    if (event.target === form) { sendTyped(box.value); return; }
    const { csrf_token: _own, ...values } = Object.fromEntries(new FormData(event.target));
    put(event.target.action, values);
    box.focus();
  }, true);

  /* ---- A scanner types faster than anybody; Chinese input would make characters of it, so its keys are read themselves - */

  const GAP = 80; // ms between two keys of a scanner
  let keys = "", lastAt = 0, wasScanned = false;

  addEventListener("keydown", (event) => {
    if (event.target.matches("input, textarea, select") && event.target !== box) return;
    if (event.timeStamp - lastAt > GAP) keys = "";
    lastAt = event.timeStamp;
    if (event.code === "Enter" || event.code === "NumpadEnter") {
      if (!/^HY[A-Z2-7]{19,}$/.test(keys)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      wasScanned = event.isComposing;
      const said = keys;
      keys = "";
      sendTyped(said);
      return;
    }
    const key = /^(?:Key([A-Z])|(?:Digit|Numpad)([0-9]))$/.exec(event.code);
    if (key) keys += key[1] || key[2];
    // Whoever types while something else has the focus means the box.
    if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey) box.focus();
  }, true);
  box.addEventListener("compositionend", () => { if (wasScanned) { wasScanned = false; box.value = ""; } });

  /* ---- The box has the focus, always ------------------------------------------------------------------------------------ */

  box.addEventListener("focusout", () => setTimeout(() => { if (document.activeElement === document.body) box.focus({ preventScroll: true }); }));
  addEventListener("click", (event) => { if (!event.target.closest("a, button, input, summary, label")) box.focus({ preventScroll: true }); });

  box.focus();
  answered();
  keep();
  work();
})();

// The little that pages do beside htmx. Everything works without this file; nothing here decides anything.
"use strict";

(() => {
  const own = document.currentScript;

  /* ---- htmx: from the CDN when it answers in time with the right file, else our own copy; run once --------------- */

  const PATIENCE = 2000; // ms for the CDN's whole answer
  const FORGET = 10 * 60 * 1000; // a CDN that was silent is not asked again for so long

  const memory = {
    get: (key) => { try { return sessionStorage.getItem(key); } catch { return null; } },
    set: (key, value) => { try { sessionStorage.setItem(key, value); } catch { /* private windows may refuse */ } },
    drop: (key) => { try { sessionStorage.removeItem(key); } catch { /* as above */ } },
  };

  async function fromCdn(address, integrity) {
    if (Date.now() - Number(memory.get("cdn-silent-at") || 0) < FORGET) return null;
    const given = new AbortController();
    const timer = setTimeout(() => given.abort(), PATIENCE);
    try {
      const answer = await fetch(address, { integrity, signal: given.signal, credentials: "omit", referrerPolicy: "no-referrer" });
      return answer.ok ? await answer.text() : null;
    } catch {
      return null;
    } finally {
      clearTimeout(timer);
    }
  }

  async function loadHtmx() {
    const { cdn, integrity, local } = own.dataset;
    const nonce = own.nonce;
    const text = cdn ? await fromCdn(cdn, integrity) : null;
    if (cdn && text === null) memory.set("cdn-silent-at", String(Date.now()));
    // htmx starts at DOMContentLoaded or when the page is complete; between the two it would wait for ever.
    if (document.readyState !== "complete") await new Promise((done) => addEventListener("load", done, { once: true }));
    const script = document.createElement("script");
    script.nonce = nonce;
    if (text === null) {
      script.integrity = integrity;
      script.src = local;
    } else {
      script.textContent = text; // what the hash was checked of, so nothing is asked for twice
    }
    document.head.append(script);
  }
  loadHtmx();

  /* ---- Small tools ------------------------------------------------------------------------------------------------ */

  const on = (name, act, options) => document.addEventListener(name, act, options);
  const here = () => location.pathname + location.search;
  const isTyping = (element) => element.closest("input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]") !== null;

  function say(text, kind = "warning") {
    const notices = document.getElementById("notices");
    if (!notices) return;
    const line = document.createElement("p");
    line.className = "said said-" + kind;
    line.textContent = text;
    notices.replaceChildren(line);
    notices.scrollIntoView({ block: "nearest" });
  }

  /* ---- Chinese input: a key that chooses characters is none of ours, and half-written syllables search nothing ------ */

  on("keydown", (event) => { if (event.isComposing || event.keyCode === 229) event.stopPropagation(); }, true);
  on("input", (event) => { if (event.isComposing) event.stopPropagation(); }, true);
  on("compositionend", (event) => event.target.dispatchEvent(new Event("input", { bubbles: true })));

  /* ---- Enter leads from field to field where a form is filled in line by line --------------------------------------- */

  on("keydown", (event) => {
    const field = event.target;
    if (event.key !== "Enter" || event.ctrlKey || !field.matches("form[data-onwards] input")) return;
    event.preventDefault();
    const stops = [...field.form.querySelectorAll("input:not([type=hidden]), select, [value=add-line], .formbar button")];
    stops[stops.indexOf(field) + 1]?.focus();
  });

  /* ---- A table of rows to fill in has one more as soon as its last one is begun -------------------------------------- */

  on("input", (event) => {
    const row = event.target.closest("table[data-grow] tbody > tr:last-child");
    const body = row?.parentElement;
    if (!row || body.rows.length >= body.parentElement.dataset.grow) return;
    const next = row.cloneNode(true), no = body.rows.length;
    for (const field of next.querySelectorAll("input, select")) {
      for (const name of ["name", "id"]) field[name] = field[name].replace(/-\d+-/, `-${no}-`);
      field.setAttribute("aria-label", field.getAttribute("aria-label").replace(/\d+/, no + 1));
      if (field.matches("input")) field.value = ""; else field.selectedIndex = 0;
    }
    body.append(next);
  });

  /* ---- Keys: / finds, ? tells the keys, Esc closes -------------------------------------------------------------------- */

  on("keydown", (event) => {
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target);
    if (event.key === "/" && isPlain) {
      const find = document.getElementById("find");
      if (find) { event.preventDefault(); find.focus(); find.select(); }
    }
    if ((event.key === "?" || event.key === "？") && isPlain) {
      const link = document.querySelector("a[data-keys]");
      if (link) { event.preventDefault(); showKeys(link.href); }
    }
    if (event.key === "Escape") {
      if (location.hash === "#nav" || location.hash === "#filters") location.hash = "main";
      const deed = event.target.closest("details.act[open]");
      if (deed) { deed.open = false; deed.querySelector("summary").focus(); }
    }
  });

  on("click", (event) => {
    const link = event.target.closest("a[data-keys]");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    showKeys(link.href);
  });

  // The page of the keys, shown above this one; the browser gives the focus back when it is closed.
  async function showKeys(address) {
    if (document.querySelector("dialog[open]")) return;
    try {
      const answer = await fetch(address, { headers: { "HX-Request": "true" } });
      if (!answer.ok) throw new Error(answer.status);
      const dialog = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("dialog");
      dialog.removeAttribute("open");
      document.body.append(dialog);
      dialog.addEventListener("close", () => dialog.remove());
      dialog.showModal();
    } catch {
      location.assign(address);
    }
  }

  on("toggle", (event) => {
    if (event.target.matches?.("details.act") && event.target.open) event.target.querySelector("textarea, input:not([type=hidden])")?.focus();
  }, true);

  /* ---- Rows open on click and on Enter; arrows go from row to row ----------------------------------------------------- */

  const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };
  const rowOf = (target) => target.closest("tr[data-href]");
  // Long lists leave the address out: it is that of the row's first link.
  const addressOf = (row) => row.dataset.href || row.querySelector("a[href]").getAttribute("href");
  const filterBox = () => document.querySelector(".filters input[type=search]");
  // Back from a record, the focus is on its row again.
  const leaveFrom = (row) => memory.set("row", JSON.stringify([here(), addressOf(row)]));

  on("click", (event) => {
    const row = rowOf(event.target);
    if (!row || event.defaultPrevented || event.button !== 0) return;
    if (event.target.closest("a")) leaveFrom(row);
    if (event.target.closest("a, button, input, label, select, textarea, summary, .tick")) return;
    if (String(getSelection()).trim()) return; // somebody marks text to copy it
    if (event.ctrlKey || event.metaKey) open(addressOf(row), "_blank", "noopener");
    else { leaveFrom(row); location.assign(addressOf(row)); }
  });

  on("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (event.key === "ArrowDown" && event.target === filterBox()) {
      const first = document.querySelector("tr[data-href] a[href]");
      if (first) { event.preventDefault(); first.focus(); }
      return;
    }
    if (event.key === "ArrowDown" && event.target.id === "list") {
      const first = event.target.querySelector("tr[data-href] a[href]");
      if (first) { event.preventDefault(); first.focus(); }
      return;
    }
    const row = rowOf(event.target);
    if (!row) return;
    if (event.key === "Enter" && event.target.matches("input[type=checkbox]")) {
      event.preventDefault();
      leaveFrom(row);
      location.assign(addressOf(row));
    } else if (event.key === "Escape") {
      filterBox()?.focus();
    } else if (event.key in STEPS) {
      const rows = [...row.parentElement.querySelectorAll("tr[data-href]")];
      const wanted = rows.indexOf(row) + STEPS[event.key];
      // One step beyond the ends stand the filter and the next page; a leap stops at the ends.
      const beyond = { ArrowUp: wanted < 0 && filterBox(), ArrowDown: wanted === rows.length && document.getElementById("page-next") }[event.key];
      const next = rows[Math.min(Math.max(wanted, 0), rows.length - 1)];
      const kind = event.target.matches("input") ? "input[type=checkbox]" : "a[href]";
      const column = [...row.querySelectorAll(kind)].indexOf(event.target);
      const target = beyond || next.querySelectorAll(kind)[column] || next.querySelector(kind);
      if (target) { event.preventDefault(); target.focus(); }
    }
  });

  /* ---- Ticked rows ------------------------------------------------------------------------------------------------------ */

  function countTicks() {
    const list = document.getElementById("list");
    if (!list) return;
    const boxes = [...list.querySelectorAll("tbody .tick input")];
    const ticked = boxes.filter((box) => box.checked).length;
    const count = list.querySelector("[data-ticked]");
    if (count) count.textContent = count.dataset.ticked.replace("{count}", String(ticked));
    const all = list.querySelector("[data-tick-all]");
    if (all) { all.checked = ticked > 0 && ticked === boxes.length; all.indeterminate = ticked > 0 && ticked < boxes.length; }
  }

  let lastTicked = null;
  on("click", (event) => {
    if (!event.target.matches("tbody .tick input")) return;
    const boxes = [...document.querySelectorAll("#list tbody .tick input")];
    if (event.shiftKey && lastTicked && boxes.includes(lastTicked)) {
      const [from, to] = [boxes.indexOf(lastTicked), boxes.indexOf(event.target)].sort((a, b) => a - b);
      for (const box of boxes.slice(from, to + 1)) box.checked = event.target.checked;
    }
    lastTicked = event.target;
    countTicks();
  });
  on("change", (event) => {
    if (!event.target.matches("[data-tick-all]")) return;
    for (const box of document.querySelectorAll("#list tbody .tick input")) box.checked = event.target.checked;
    countTicks();
  });
  on("reset", () => setTimeout(countTicks));

  /* ---- Forms: nothing is lost, nothing is sent twice ------------------------------------------------------------------- */

  const state = (form) => JSON.stringify([...new FormData(form)].map(([name, value]) => [name, value instanceof File ? value.name : value]));
  const before = new WeakMap();
  const guarded = () => [...document.querySelectorAll("form[data-guard], details.act form")];
  const isChanged = (form) => form.hasAttribute("data-changed") || (before.has(form) && before.get(form) !== state(form));

  function remember() {
    for (const form of guarded()) {
      if (before.has(form)) continue;
      before.set(form, state(form));
      // A refused form was typed into before it came back.
      if (form.querySelector(".errors")) form.setAttribute("data-changed", "");
    }
  }

  function tellUnsaved(form) {
    const note = form.querySelector("[data-unsaved]");
    if (!note) return;
    if (!("quiet" in note.dataset)) note.dataset.quiet = note.textContent;
    const words = isChanged(form) ? note.dataset.unsaved : note.dataset.quiet;
    if (note.textContent !== words) note.textContent = words;
  }

  for (const name of ["input", "change"]) on(name, (event) => { if (before.has(event.target.form)) tellUnsaved(event.target.form); });

  const isAnythingUnsaved = () => guarded().some((form) => !form.hasAttribute("data-sent") && isChanged(form));

  addEventListener("beforeunload", (event) => { if (isAnythingUnsaved()) event.preventDefault(); });

  on("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.hasAttribute("data-sent")) { event.preventDefault(); return; }
    form.setAttribute("data-sent", "");
    keepDraft(form);
    setTimeout(() => busy(form, event.submitter), 300);
    // A download and a new window leave this page as it is.
    const isApart = form.target === "_blank" || (event.submitter || form).matches("[data-download]");
    if (isApart) setTimeout(() => release(form), 3000);
    isOutdated ||= form.hasAttribute("data-reload");
  });

  const quiet = new WeakMap(); // what a busy button says otherwise

  function busy(form, submitter) {
    if (!form.hasAttribute("data-sent")) return;
    for (const button of form.querySelectorAll("button[type=submit]")) button.setAttribute("aria-busy", "true");
    const words = submitter?.dataset.busy;
    if (!words) return;
    quiet.set(submitter, [...submitter.childNodes]);
    submitter.textContent = words;
    tell(words);
  }

  function release(form) {
    form.removeAttribute("data-sent");
    for (const button of form.querySelectorAll("[aria-busy]")) {
      button.removeAttribute("aria-busy");
      if (quiet.has(button)) button.replaceChildren(...quiet.get(button));
      quiet.delete(button);
    }
  }

  // What opened in a new window changed this record too (the printing is written down): whoever comes back sees it.
  let isOutdated = false;
  addEventListener("focus", () => { if (isOutdated && !isAnythingUnsaved()) location.reload(); });

  addEventListener("pageshow", (event) => { if (event.persisted) document.querySelectorAll("form[data-sent]").forEach(release); });
  // Only its own answer sets a form free: one that is for a field in it may come while the form is on its way.
  on("htmx:afterRequest", (event) => { if (event.target.matches?.("form[data-sent]")) release(event.target); });

  /* ---- A sign-in that ended while somebody wrote: what was sent stays in this tab and is put back after signing in ----- */

  function keepDraft(form) {
    const no = guarded().indexOf(form);
    if (no < 0) return;
    const isKept = (name) => !form.elements[name]?.matches?.("[type=hidden], [type=password]");
    const fields = [...new FormData(form)].filter(([name, value]) => typeof value === "string" && isKept(name));
    memory.set("draft", JSON.stringify({ who: document.body.dataset.who, where: here(), no, fields }));
  }

  // A field's own check or a progress bar may be first to find the sign-in ended: the page leaves once, without asking,
  // for a second leaving would take the place of the first and of what it has to say. A form on its way finds it too.
  let isSigningIn = false;
  addEventListener("pageshow", (event) => { if (event.persisted) isSigningIn = false; });
  on("htmx:beforeOnLoad", (event) => {
    const place = event.detail.xhr.getResponseHeader("HX-Redirect");
    if (!place || new URL(place, location.href).pathname !== "/login") return;
    const sent = document.querySelector("form[data-sent]");
    if (isSigningIn || (sent && sent !== event.target)) { event.preventDefault(); return; }
    isSigningIn = true;
    const form = guarded().find(isChanged);
    if (!form || form.hasAttribute("data-sent")) return;
    keepDraft(form);
    form.setAttribute("data-sent", "");
  });

  function restoreDraft() {
    const draft = JSON.parse(memory.get("draft") || "null");
    if (!draft) return;
    const who = document.body.dataset.who;
    if (!who) { // the sign-in page stands between
      const words = document.querySelector("[data-restored]")?.dataset.restored;
      if (words) memory.set("draft", JSON.stringify({ ...draft, words }));
      return;
    }
    memory.drop("draft");
    const form = guarded()[draft.no];
    if (!draft.words || draft.who !== who || draft.where !== here() || !form) return;
    for (const box of form.querySelectorAll("[type=checkbox], [type=radio]")) box.checked = false;
    const places = {};
    let isShort = false;
    for (const [name, value] of draft.fields) {
      const place = (places[name] = (places[name] ?? -1) + 1);
      const named = [...form.querySelectorAll(`[name="${CSS.escape(name)}"]:not([type=hidden])`)];
      const box = named.find((field) => field.matches("[type=checkbox], [type=radio]") && field.value === value);
      if (box) box.checked = true;
      else if (named[place]) named[place].value = value;
      else { // a row that is not there: the server lays it out
        isShort = true;
        form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
      }
    }
    form.setAttribute("data-changed", "");
    const layOut = isShort && form.querySelector("[name=do][value=preview]");
    if (layOut) form.requestSubmit(layOut);
    else say(draft.words);
  }

  /* ---- htmx: short addresses, focus that stays, failures that are told --------------------------------------------------- */

  on("htmx:configRequest", (event) => {
    if (event.detail.verb !== "get") return;
    const values = event.detail.formData;
    for (const [name, value] of [...values]) if (value === "") values.delete(name);
  });

  on("htmx:beforeSwap", (event) => {
    // An error page of ours names its place; anything else (a proxy's page) must not take a list's.
    const { xhr } = event.detail;
    if (xhr.status >= 400 && xhr.status !== 422) {
      const isOurs = xhr.getResponseHeader("HX-Retarget") !== null;
      event.detail.shouldSwap = isOurs;
      if (!isOurs) say(document.body.dataset.offline);
    }
  });
  for (const name of ["htmx:sendError", "htmx:timeout"]) on(name, () => say(document.body.dataset.offline));

  // Where the focus goes: where the button says (data-after), else where it was, else to the list that was swapped.
  let isInside = false;
  on("htmx:beforeRequest", (event) => { event.detail.requestConfig.after = event.detail.elt.dataset?.after; });
  on("htmx:beforeSwap", (event) => {
    const { target } = event.detail; // a whole page that comes in begins at its top, as any other
    isInside = target !== document.body && target.contains(document.activeElement);
  });
  on("htmx:afterSettle", (event) => {
    const wish = event.detail.requestConfig;
    if (wish?.after) {
      document.querySelector(wish.after)?.focus({ preventScroll: wish.after.startsWith("#list") });
      wish.after = "";
    } else if (isInside && document.activeElement === document.body) {
      document.getElementById("list")?.focus({ preventScroll: true });
    }
    const teller = event.target.closest?.("[data-told]");
    if (teller) tell(teller.dataset.told);
    ready();
  });
  on("htmx:historyRestore", () => {
    ready();
    if (document.activeElement === document.body) document.getElementById("list")?.focus({ preventScroll: true });
  });

  // To a screen reader, and again when the same is to be said twice.
  function tell(words) {
    const told = document.getElementById("told");
    if (told) told.textContent = told.textContent === words ? words + "\u00a0" : words;
  }

  // Waiting is shown only when it takes longer than a blink.
  let waiting = 0;
  on("htmx:beforeRequest", () => { waiting = setTimeout(() => document.body.classList.add("waiting"), 300); });
  on("htmx:afterRequest", () => { clearTimeout(waiting); document.body.classList.remove("waiting"); });

  /* ---- Suggestions while searching ----------------------------------------------------------------------------------------- */

  const find = { box: null, list: null, timer: 0, asked: null };

  function closeSuggestions() {
    find.list?.remove();
    find.list = null;
    find.box?.setAttribute("aria-expanded", "false");
    find.box?.removeAttribute("aria-activedescendant");
  }

  function choose(step) {
    if (!find.list) return;
    const options = [...find.list.children];
    const here = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
    options[here]?.setAttribute("aria-selected", "false");
    // Beyond the ends stands the box itself: what was typed is never lost.
    const next = ((here + 1 + step + options.length + 1) % (options.length + 1)) - 1;
    if (next < 0) { find.box.removeAttribute("aria-activedescendant"); return; }
    options[next].setAttribute("aria-selected", "true");
    options[next].scrollIntoView({ block: "nearest" });
    find.box.setAttribute("aria-activedescendant", options[next].id);
  }

  function show(hits) {
    closeSuggestions();
    if (!hits.length || document.activeElement !== find.box) return;
    find.list = document.createElement("ul");
    find.list.className = "suggestions";
    find.list.id = "suggestions";
    find.list.setAttribute("role", "listbox");
    find.list.setAttribute("aria-label", find.box.labels[0].textContent);
    hits.forEach((hit, index) => {
      const option = document.createElement("li");
      option.id = "suggestion-" + index;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.dataset.href = hit.url;
      const name = document.createElement("span");
      name.textContent = hit.title;
      const note = document.createElement("small");
      note.textContent = hit.note;
      option.append(name, note);
      find.list.append(option);
    });
    find.box.closest("form").append(find.list);
    find.box.setAttribute("aria-expanded", "true");
  }

  async function suggest() {
    const words = find.box.value.trim();
    find.asked?.abort();
    if (!words) { closeSuggestions(); return; }
    find.asked = new AbortController();
    try {
      const address = find.box.closest("form").dataset.suggest + "?q=" + encodeURIComponent(words);
      const answer = await fetch(address, { signal: find.asked.signal, headers: { Accept: "application/json" } });
      if (answer.ok && answer.headers.get("Content-Type")?.startsWith("application/json")) show((await answer.json()).hits);
    } catch { /* another letter was typed, or the server is away: the form still works */ }
  }

  function prepareSearch() {
    const box = document.getElementById("find");
    if (!box || box === find.box) return;
    find.box = box;
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", "suggestions"]]) box.setAttribute(name, value);
  }

  on("input", (event) => {
    if (event.target.id !== "find") return;
    clearTimeout(find.timer);
    find.timer = setTimeout(suggest, 150);
  });
  on("keydown", (event) => {
    if (event.target.id !== "find") return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (find.list) { event.preventDefault(); choose(event.key === "ArrowDown" ? 1 : -1); }
    } else if (event.key === "Enter") {
      const chosen = find.list?.querySelector("[aria-selected=true]");
      if (chosen) { event.preventDefault(); location.assign(chosen.dataset.href); }
    } else if (event.key === "Escape" && find.list) {
      event.preventDefault();
      closeSuggestions();
    }
  });
  on("mousedown", (event) => { if (event.target.closest(".suggestions")) event.preventDefault(); }); // keeps the focus in the box
  on("click", (event) => {
    const option = event.target.closest(".suggestions li");
    if (option) location.assign(option.dataset.href);
  });
  on("focusout", (event) => { if (event.target.id === "find") closeSuggestions(); });

  /* ---- At the start and after every swap -------------------------------------------------------------------------------------- */

  function ready() {
    remember();
    for (const form of guarded()) tellUnsaved(form);
    prepareSearch();
    countTicks();
  }

  ready();
  restoreDraft();
  document.querySelector("[data-focus]")?.focus();

  // What was done is said aloud: a live region tells only what comes after the page.
  const said = document.querySelectorAll("#notices .said");
  if (said.length) setTimeout(() => document.getElementById("notices").replaceChildren(...said), 100);

  if (performance.getEntriesByType("navigation")[0]?.type === "back_forward") {
    const [address, record] = JSON.parse(memory.get("row") || "[]");
    const row = address === here() && [...document.querySelectorAll("tr[data-href]")].find((one) => addressOf(one) === record);
    if (row) row.querySelector("a[href]")?.focus();
  }

  /* ---- A placeholder from the list goes where somebody was typing ------------------------------------------------------ */

  let lastBox = null;
  on("focusin", (event) => { if (event.target.matches?.("#text-form textarea, #text-form input:not([type=hidden])")) lastBox = event.target; });
  on("click", (event) => {
    const slot = event.target.closest("[data-insert]");
    if (!slot) return;
    const box = lastBox?.isConnected ? lastBox : document.querySelector("#text-form textarea");
    if (!box) return;
    box.focus();
    box.setRangeText(slot.dataset.insert, box.selectionStart, box.selectionEnd, "end");
    box.dispatchEvent(new Event("input", { bubbles: true }));
  });
})();

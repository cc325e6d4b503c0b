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

  /* ---- Keys: / finds, Esc closes ------------------------------------------------------------------------------------ */

  on("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing && !isTyping(event.target)) {
      const find = document.getElementById("find");
      if (find) { event.preventDefault(); find.focus(); find.select(); }
    }
    if (event.key === "Escape" && !event.isComposing) {
      if (location.hash === "#nav" || location.hash === "#filters") location.hash = "main";
      const deed = event.target.closest("details.act[open]");
      if (deed) { deed.open = false; deed.querySelector("summary").focus(); }
    }
  });

  on("toggle", (event) => {
    if (event.target.matches?.("details.act") && event.target.open) event.target.querySelector("textarea, input:not([type=hidden])")?.focus();
  }, true);

  /* ---- Rows open on click and on Enter; arrows go from row to row ----------------------------------------------------- */

  const rowOf = (target) => target.closest("tr[data-href]");

  on("click", (event) => {
    const row = rowOf(event.target);
    if (!row || event.defaultPrevented || event.button !== 0) return;
    if (event.target.closest("a, button, input, label, select, textarea, summary, .tick")) return;
    if (String(getSelection()).trim()) return; // somebody marks text to copy it
    if (event.ctrlKey || event.metaKey) open(row.dataset.href, "_blank", "noopener");
    else location.assign(row.dataset.href);
  });

  on("keydown", (event) => {
    const row = rowOf(event.target);
    if (!row || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Enter" && event.target.matches("input[type=checkbox]")) {
      event.preventDefault();
      location.assign(row.dataset.href);
    }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const side = event.key === "ArrowDown" ? "nextElementSibling" : "previousElementSibling";
      const wanted = event.target.matches("input") ? "input[type=checkbox]" : "a[href]";
      for (let next = row[side]; next; next = next[side]) {
        const target = next.querySelector(wanted);
        if (target) { event.preventDefault(); target.focus(); break; }
      }
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
  const guarded = () => [...document.querySelectorAll("form[data-guard]")];
  const isChanged = (form) => form.hasAttribute("data-changed") || (before.has(form) && before.get(form) !== state(form));

  function remember() {
    for (const form of guarded()) {
      if (before.has(form)) continue;
      before.set(form, state(form));
      // A refused form was typed into before it came back.
      if (form.querySelector(".errors")) form.setAttribute("data-changed", "");
    }
  }

  on("input", (event) => {
    const form = event.target.form;
    if (!form || !before.has(form)) return;
    const note = form.querySelector("[data-unsaved]");
    if (!note) return;
    if (!("quiet" in note.dataset)) note.dataset.quiet = note.textContent;
    note.textContent = isChanged(form) ? note.dataset.unsaved : note.dataset.quiet;
  });

  addEventListener("beforeunload", (event) => {
    if (guarded().some((form) => !form.hasAttribute("data-sent") && isChanged(form))) event.preventDefault();
  });

  on("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.hasAttribute("data-sent")) { event.preventDefault(); return; }
    const isDownload = (event.submitter || form).matches("[data-download]");
    form.setAttribute("data-sent", "");
    setTimeout(() => {
      for (const button of form.querySelectorAll("button[type=submit]")) button.setAttribute("aria-busy", "true");
    }, 300);
    if (isDownload) setTimeout(() => release(form), 3000);
  });

  function release(form) {
    form.removeAttribute("data-sent");
    for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  }
  addEventListener("pageshow", (event) => { if (event.persisted) document.querySelectorAll("form[data-sent]").forEach(release); });
  on("htmx:afterRequest", (event) => { const form = event.target.closest?.("form[data-sent]"); if (form) release(form); });

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

  let focused = "";
  on("htmx:beforeSwap", () => { focused = document.activeElement && document.activeElement.closest("#list") ? document.activeElement.id : ""; });
  on("htmx:afterSettle", () => {
    if (focused && (!document.activeElement || document.activeElement === document.body)) document.getElementById("list")?.focus({ preventScroll: true });
    focused = "";
    const list = document.getElementById("list");
    const told = document.getElementById("told");
    if (list && told && list.dataset.told) told.textContent = list.dataset.told;
    ready();
  });

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
    if (event.target.id !== "find" || event.isComposing) return;
    clearTimeout(find.timer);
    find.timer = setTimeout(suggest, 150);
  });
  on("compositionend", (event) => { if (event.target.id === "find") suggest(); });
  on("keydown", (event) => {
    if (event.target.id !== "find" || event.isComposing) return;
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
    prepareSearch();
    countTicks();
  }

  ready();
  document.querySelector("[data-focus]")?.focus();
})();

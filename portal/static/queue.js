// What a page has to send and must not lose: kept on this device, sent in order when the server answers, never twice.
//
// An entry is { nonce, at, kind, values }: its own number, so that the server knows it again, the time at which it was,
// what it is, and whatever belongs to it. The page says how a batch is sent; everything else is here. Entries outlive a
// reload and a restart of the browser. Two tabs of one page share the queue, and one of them sends at a time.
"use strict";

const Queue = (() => {
  const DATABASE = "portal", ENTRIES = "entries", NOTES = "notes";
  const BATCH = 50, MOST = 5000;
  const AGAIN = [500, 1000, 2000, 5000, 10000]; // ms
  const FAULTS = 3; // so often in a row an entry may be the server's fault; then the others go first
  const waits = (ms) => new Promise((done) => setTimeout(done, ms));
  const asked = (request) => new Promise((done, failed) => { request.onsuccess = () => done(request.result); request.onerror = () => failed(request.error); });

  // randomUUID is not there on plain http.
  const number = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  // The time of this device with its zone: a wall clock without one means another hour elsewhere.
  function time(at = new Date()) {
    const off = -at.getTimezoneOffset(), two = (one) => String(Math.trunc(Math.abs(one))).padStart(2, "0");
    return new Date(at - -off * 60000).toISOString().slice(0, -1) + (off < 0 ? "-" : "+") + two(off / 60) + ":" + two(off % 60);
  }

  let database = null;
  function opened() {
    database ||= new Promise((done, failed) => {
      const request = indexedDB.open(DATABASE, 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore(ENTRIES, { keyPath: "no", autoIncrement: true }).createIndex("queue", "queue");
        request.result.createObjectStore(NOTES);
      };
      request.onsuccess = () => done(request.result);
      request.onerror = () => failed(request.error);
      request.onblocked = () => failed(new Error("blocked"));
    });
    return database;
  }

  // Done when it is on the disk, not when it was asked for.
  async function inside(store, mode, work) {
    const transaction = (await opened()).transaction(store, mode, { durability: "strict" });
    const ended = new Promise((done, failed) => { transaction.oncomplete = done; transaction.onerror = transaction.onabort = () => failed(transaction.error); });
    const result = await work(transaction.objectStore(store));
    await ended;
    return result;
  }

  // Small things that a page keeps beside its queue. Without a database they are gone with the page.
  const loose = new Map();
  const notes = {
    async get(name) { try { return await inside(NOTES, "readonly", (store) => asked(store.get(name))); } catch { return loose.get(name); } },
    async put(name, value) { try { await inside(NOTES, "readwrite", (store) => asked(store.put(value, name))); } catch { loose.set(name, value); } },
    async drop(name) { loose.delete(name); try { await inside(NOTES, "readwrite", (store) => asked(store.delete(name))); } catch { /* was not kept */ } },
    async names() { try { return await inside(NOTES, "readonly", (store) => asked(store.getAllKeys())); } catch { return [...loose.keys()]; } },
  };

  class Full extends Error {}

  class Queue {
    // `send(entries)` gives the nonces that the server has; it throws where nobody answered. `changed()` is called after
    // each change, `silent(is)` when the server stops answering or answers again.
    constructor({ name, send, changed = () => {}, silent = () => {} }) {
      Object.assign(this, { name, send, changed, silent });
      this.isKept = true; // on the disk; else in this page only
      this.entries = []; // as far as this page knows, in order
      this.isSilent = false;
      this.isBusy = false;
      this.faults = new Map();
      this.gone = new Set(); // what an answer to an earlier question of the database may still name
      this.channel = window.BroadcastChannel ? new BroadcastChannel("queue " + name) : null;
      if (this.channel) this.channel.onmessage = () => this.read();
      this.ready = this.read();
      for (const again of ["online", "pageshow", "focus"]) addEventListener(again, () => this.hurry());
    }

    get count() { return this.entries.length; }

    async read() {
      try {
        const kept = await inside(ENTRIES, "readonly", (store) => asked(store.index("queue").getAll(this.name)));
        this.entries = [...kept, ...this.entries.filter((entry) => !entry.no)].filter((entry) => !this.gone.has(entry.nonce));
      } catch { this.isKept = false; }
      this.changed();
    }

    // Keep it, then send it. Rejects only where there is no more room: whoever is told so writes it down.
    async put(kind, values, nonce = number()) {
      if (this.count >= MOST) throw new Full();
      const entry = { queue: this.name, nonce, at: time(), kind, values };
      try {
        entry.no = await inside(ENTRIES, "readwrite", (store) => asked(store.add({ ...entry })));
      } catch { this.isKept = false; }
      if (!this.entries.some((one) => one.nonce === nonce)) this.entries.push(entry);
      this.tell();
      this.hurry();
      return entry;
    }

    // Taken out by whom it belongs to; what was sent is taken out by itself.
    async drop(nonces) {
      for (const nonce of nonces) this.gone.add(nonce);
      const gone = this.entries.filter((entry) => nonces.includes(entry.nonce));
      this.entries = this.entries.filter((entry) => !nonces.includes(entry.nonce));
      const numbers = gone.map((entry) => entry.no).filter(Boolean);
      if (numbers.length) {
        try { await inside(ENTRIES, "readwrite", (store) => Promise.all(numbers.map((no) => asked(store.delete(no))))); } catch { /* sent again it is the same one */ }
      }
      this.tell();
    }

    tell() {
      this.changed();
      this.channel?.postMessage("changed");
    }

    hurry() {
      this.woken?.();
      this.drain();
    }

    // One tab sends, the others wait for its word. Without locks (plain http) both may: the number makes it harmless.
    async drain() {
      if (this.isBusy) return;
      this.isBusy = true;
      try {
        await this.ready;
        if (navigator.locks) await navigator.locks.request("queue " + this.name, () => this.#drain());
        else await this.#drain();
      } finally { this.isBusy = false; }
      if (this.next().length) this.drain();
    }

    // What goes next: in order, without what the server failed at so often that the others must not wait behind it.
    next() {
      return this.entries.filter((entry) => (this.faults.get(entry.nonce) || 0) < FAULTS).slice(0, BATCH);
    }

    async #drain() {
      await this.read();
      for (let tries = 0; this.count;) {
        let batch = this.next();
        if (!batch.length) {
          // Only what failed is left: one by one, seldom, so that what mends itself is mended.
          await this.pause(60000);
          if (!this.next().length) this.faults.clear();
          continue;
        }
        // Where a batch failed as a whole its first one may be to blame: alone it shows.
        if (this.faults.get(batch[0].nonce)) batch = batch.slice(0, 1);
        try {
          const done = await this.send(batch);
          await this.drop(done);
          for (const entry of batch) if (!done.includes(entry.nonce)) this.faults.set(entry.nonce, (this.faults.get(entry.nonce) || 0) + 1);
          tries = 0;
          this.hear(false);
        } catch (error) {
          if (error?.isFault) { this.faults.set(batch[0].nonce, (this.faults.get(batch[0].nonce) || 0) + 1); await waits(AGAIN[0]); continue; }
          this.hear(true);
          await this.pause(AGAIN[Math.min(tries++, AGAIN.length - 1)]);
          await this.read();
        }
      }
    }

    // What the browser says of the network is not believed; that it says something new is a reason to try.
    async pause(ms) { await Promise.race([waits(ms), new Promise((done) => { this.woken = done; })]); }

    hear(isSilent) {
      if (this.isSilent === isSilent) return;
      this.isSilent = isSilent;
      this.silent(isSilent);
    }

    // How many the server failed at, which wait for better days.
    get stuck() { return this.entries.filter((entry) => (this.faults.get(entry.nonce) || 0) >= FAULTS).length; }
  }

  return Object.assign(Queue, { notes, number, time, Full, MOST });
})();

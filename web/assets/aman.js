// The little that needs script. Every page reads and every form works without it.
"use strict";

// Quick exit: leave at once, and leave nothing behind "back". Escape pressed three times
// within a second does the same.
(() => {
  const exit = document.querySelector("[data-exit]");
  if (!exit) return;
  const leave = () => {
    document.documentElement.hidden = true;
    location.replace(exit.href);
  };
  exit.addEventListener("click", (e) => { e.preventDefault(); leave(); });
  let presses = [];
  addEventListener("keydown", (e) => {
    if (e.key !== "Escape") return;
    presses = presses.filter((t) => e.timeStamp - t < 1000).concat(e.timeStamp);
    if (presses.length >= 3) leave();
  });
})();

// "/" goes to the search for cases, from any page; inside a field it is a slash.
addEventListener("keydown", (e) => {
  if (e.key !== "/" || e.ctrlKey || e.altKey || e.metaKey || /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName)) return;
  const search = document.querySelector("main input[type=search]");
  const to = document.querySelector("main").dataset.search;
  if (!search && !to) return;
  e.preventDefault();
  if (search) search.focus(); else location.assign(to);
});
if (location.hash === "#q") document.getElementById("q")?.focus();

// Pages come back from the browser's memory after the session has ended; read them anew.
addEventListener("pageshow", (e) => { if (e.persisted) location.reload(); });

// Unsealed values go from the screen after two minutes.
document.querySelectorAll("[data-hide]").forEach((el) => setTimeout(() => { el.textContent = "•••"; }, 120000));

// A form that was changed asks before it is left; one that is sent twice acts once anyway,
// but a second press would only confuse.
document.querySelectorAll("form.form").forEach((form) => {
  let dirty = false;
  form.addEventListener("input", () => { dirty = true; });
  form.addEventListener("submit", () => {
    dirty = false;
    setTimeout(() => form.querySelectorAll("button").forEach((b) => { b.disabled = true; }), 0);
  });
  addEventListener("beforeunload", (e) => { if (dirty) e.preventDefault(); });
});

// Menus close when one clicks elsewhere.
addEventListener("click", (e) => {
  document.querySelectorAll("details.menu[open]").forEach((m) => { if (!m.contains(e.target)) m.open = false; });
});

// Passkeys: the browser's own dialog.
(() => {
  const buttons = document.querySelectorAll("[data-passkey]");
  if (!buttons.length || !window.PublicKeyCredential || !PublicKeyCredential.parseCreationOptionsFromJSON) return;
  const post = async (url, body) => {
    const r = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body || {}) });
    if (!r.ok) throw new Error("refused");
    return r.json();
  };
  buttons.forEach((b) => {
    b.hidden = false;
    b.addEventListener("click", async () => {
      const enrol = b.dataset.passkey === "enrol";
      const base = enrol ? "/account/passkeys" : "/signin/passkey";
      try {
        const c = await post(base + "/begin", enrol ? { password: document.getElementById("keypw").value } : undefined);
        const options = c.options.publicKey || c.options;
        const answer = enrol
          ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
          : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
        const name = enrol ? document.getElementById("keyname").value : undefined;
        const done = await post(base + "/finish", { ticket: c.ticket, name, answer: answer.toJSON() });
        location.assign(done.next);
      } catch {
        b.setAttribute("aria-invalid", "true");
        document.querySelector("[data-fault]").hidden = false;
      }
    });
  });
})();

// Filled forms that wait on this device, or were refused, are told on every page, so that none is
// forgotten. Only their number can be read here.
(async () => {
  const link = document.querySelector("[data-waiting]");
  if (!link || !(await indexedDB.databases?.())?.some((d) => d.name === "aman-fill")) return;
  const open = indexedDB.open("aman-fill");
  open.onsuccess = () => {
    const state = open.result.transaction("records").objectStore("records").index("state");
    let n = 0;
    for (const s of ["waiting", "refused"]) state.count(s).onsuccess = (e) => { n += e.target.result; };
    state.objectStore.transaction.oncomplete = () => {
      open.result.close();
      if (!n) return;
      const count = document.createElement("span"), said = document.createElement("span");
      count.className = "count";
      said.className = "sr";
      said.textContent = " " + link.dataset.waiting;
      count.append(String(n), said);
      link.append(" ", count);
    };
  };
})();

// Working without a network: a passphrase, and the forms fetched beforehand.
import * as seal from "./seal.js";
import * as forms from "./forms.js";
import { reachable } from "./net.js";
import { t } from "./texts.js";
import { button, el } from "./ui.js";

// 80 random bits, in groups that can be copied by hand (Crockford's letters: no i, l, o, u).
function suggestion() {
  const letters = "0123456789abcdefghjkmnpqrstvwxyz";
  const text = [...crypto.getRandomValues(new Uint8Array(16))].map((b) => letters[b & 31]).join("");
  return text.match(/.{4}/g).join("-");
}

function passphraseForm(done) {
  const field = el("input", { id: "newphrase", type: "text", dir: "ltr", autocomplete: "off", autocapitalize: "none", spellcheck: "false", minlength: seal.shortest, required: true, "aria-describedby": "phrasehint" });
  const fault = el("p", { class: "fault", role: "alert", hidden: true });
  const save = el("button", { class: "button" }, t("offline.set"));
  return el("form", { class: "form", novalidate: true, onsubmit: async (e) => {
    e.preventDefault();
    const phrase = field.value.trim();
    // Twelve times the same letter is long and no secret.
    if (phrase.length < seal.shortest || new Set(phrase).size < 6) {
      fault.textContent = t("offline.weak", { n: seal.shortest });
      fault.hidden = false;
      return field.focus();
    }
    save.disabled = true;
    await seal.choosePassphrase(await seal.serverKey(), phrase);
    field.value = "";
    done();
  } }, fault, el("div", { class: "field" }, el("label", { for: "newphrase" }, t("offline.phrase")), el("p", { class: "hint", id: "phrasehint" }, t("offline.phrase_hint", { n: seal.shortest })), field),
  el("p", { class: "submit fill-acts" }, save, button(t("offline.suggest"), () => { field.value = suggestion(); field.focus(); })));
}

/** offlinePanel is the part of the list about working without a network. */
export async function offlinePanel({ list, fresh }, changed) {
  if (!("serviceWorker" in navigator)) return el("section", { class: "panel", id: "offline" }, el("h2", {}, t("offline.title")), el("p", { class: "hint" }, t("offline.cannot")));
  const set = await seal.hasPassphrase();
  const kept = new Set((await forms.known()).map((k) => k.hash));
  const missing = list.filter((f) => !kept.has(f.hash));
  const panel = el("section", { class: "panel", id: "offline" }, el("h2", {}, t("offline.title")), el("p", {}, t(set ? "offline.ready" : "offline.lead")));
  if (!fresh || !reachable()) return panel;
  if (set && missing.length) panel.append(el("p", {}, button(t("offline.fetch", { n: missing.length }), async (e) => {
    e.target.disabled = true;
    for (const f of missing) await forms.keep(f).catch(() => {});
    changed();
  }, "button")));
  const form = passphraseForm(changed);
  panel.append(set ? el("details", {}, el("summary", {}, t("offline.change")), form) : form);
  return panel;
}

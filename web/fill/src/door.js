// Shown when the server gives no key: it cannot be reached, or nobody is signed in.
import * as seal from "./seal.js";
import { t } from "./texts.js";
import { el } from "./ui.js";

/** door resolves once the store is open. */
export async function door(main, signedOut) {
  const here = encodeURIComponent(location.pathname + location.search);
  const signIn = el("p", {}, el("a", { class: signedOut ? "button" : "", href: `/signin?next=${here}` }, t("door.signin")));
  if (!(await seal.canUnlock())) {
    main.replaceChildren(el("section", { class: "narrow" }, el("h1", {}, t("title")), el("p", { class: "lead" }, t(signedOut ? "door.signed_out" : "door.nothing")), signIn));
    return new Promise(() => {});
  }
  return new Promise((done) => {
    const fault = el("p", { class: "fault", role: "alert", hidden: true });
    const field = el("input", { id: "passphrase", type: "password", dir: "ltr", autocomplete: "off", required: true });
    const form = el("form", { class: "form", novalidate: true, onsubmit: async (e) => {
      e.preventDefault();
      button.disabled = true;
      const left = await seal.withPassphrase(field.value);
      button.disabled = false;
      if (left === true) return done();
      fault.hidden = false;
      fault.textContent = left > 0 ? t("door.wrong", { n: left }) : t("door.locked");
      if (left === 0) form.hidden = true;
      field.value = "";
      field.focus();
    } });
    const button = el("button", { class: "button" }, t("door.open"));
    form.append(el("div", { class: "field" }, el("label", { for: "passphrase" }, t("door.passphrase")), field), el("p", { class: "submit" }, button));
    main.replaceChildren(el("section", { class: "narrow door" }, el("h1", {}, t("door.title")), el("p", { class: "lead" }, t(signedOut ? "door.signed_out" : "door.offline")), fault, form, signIn));
    field.focus();
  });
}

// The list: what may be filled in, what waits, what was refused and why, what was sent.
import * as items from "./items.js";
import * as forms from "./forms.js";
import * as outbox from "./send.js";
import { onReach, reachable, SignedOut, Unreachable } from "./net.js";
import { offlinePanel } from "./offline.js";
import { zip } from "./zip.js";
import { t, when } from "./texts.js";
import { onLeave } from "./router.js";
import { button, download, el, fit } from "./ui.js";

const address = (f, draft) => `/fill/${f.project}/${encodeURIComponent(f.form)}${draft ? `?draft=${draft}` : ""}`;

// available gives the forms, and whether the server said so just now.
async function available() {
  try {
    return { list: await forms.listed(), fresh: true };
  } catch (e) {
    if (!(e instanceof SignedOut || e instanceof Unreachable)) throw e;
    return { list: await forms.known(), fresh: false };
  }
}

const title = (head) => el("bdi", {}, head.name ? `${head.title}: ${head.name}` : head.title);

function row({ id, head, at }, ...acts) {
  return el("li", { "data-id": id }, el("div", { class: "fill-row" }, el("div", {}, el("strong", {}, title(head)), el("div", { class: "when" }, when(at))), el("div", { class: "fill-acts" }, acts)));
}

const section = (id, heading, count, ...body) => el("section", { class: "panel", id }, el("h2", {}, heading, count ? [" ", el("span", { class: "pill" }, String(count))] : ""), ...body);

// ask asks before something that cannot be undone. It is no modal dialog: the quick exit must work.
async function ask(text, yes) {
  const d = el("dialog", { class: "fill-dialog", "aria-labelledby": "ask" });
  return new Promise((done) => {
    const end = (v) => { d.remove(); done(v); };
    d.append(el("p", { id: "ask" }, text), el("p", { class: "fill-acts" }, button(yes, () => end(true), "button danger"), button(t("cancel"), () => end(false))));
    d.addEventListener("keydown", (e) => { if (e.key === "Escape") end(false); });
    document.body.append(d);
    d.show();
    d.querySelector(".quiet").focus();
  });
}

async function saveFile(item) {
  if (!(await ask(t("refused.save_ask"), t("refused.save")))) return;
  download(await zip(await items.files(item.id)), `${item.head.instance.replace(/[^\w-]/g, "_")}.zip`);
}

async function remove(item, question) {
  if (await ask(question, t("delete"))) {
    await items.drop(item.id);
    redraw();
  }
}

let redraw = () => {};

function refused(list) {
  if (!list.length) return null;
  return section("refused", t("refused.title"), list.length, el("p", { class: "hint" }, t("refused.lead")), el("ul", { class: "list" }, list.map((i) => {
    const li = row(i, button(t("refused.again"), () => outbox.again(i.id)), button(t("refused.save"), () => saveFile(i)), button(t("delete"), () => remove(i, t("refused.delete_ask"))));
    li.append(el("p", { class: "warn" }, i.head.reason || t("refused.no_reason")));
    return li;
  })));
}

function waiting(list) {
  if (!list.length) return null;
  const why = outbox.needsSignIn() ? el("p", { class: "warnbox" }, t("waiting.signed_out"), " ", el("a", { href: "/signin?next=/fill" }, t("door.signin"))) : el("p", { class: "hint" }, t(reachable() ? "waiting.soon" : "waiting.offline"));
  return section("waiting", t("waiting.title"), list.length, why, el("ul", { class: "list" }, list.map((i) => row(i, el("span", { class: "pill" }, t(outbox.sending() === i.id ? "state.sending" : "state.waiting"))))), el("p", {}, button(t("waiting.send"), () => outbox.send())));
}

function drafts(list) {
  if (!list.length) return null;
  return section("drafts", t("drafts.title"), list.length, el("ul", { class: "list" }, list.map((i) => row(i, el("a", { class: "button", href: address(i.head, i.id) }, t("drafts.go_on")), button(t("delete"), () => remove(i, t("drafts.delete_ask")))))));
}

function sent(list) {
  if (!list.length) return null;
  return el("details", { class: "panel", id: "sent" }, el("summary", {}, t("sent.title"), " ", el("span", { class: "pill" }, String(list.length))), el("p", { class: "hint" }, t("sent.lead")), el("ul", { class: "list" }, list.toReversed().map((i) => row(i))));
}

function fillable({ list, fresh }, kept) {
  const several = new Set(list.map((f) => f.project)).size > 1;
  const here = new Set(kept.map((k) => `${k.project}/${k.form}/${k.hash}`));
  return section("forms", t("forms.title"), 0, fresh ? "" : el("p", { class: "hint" }, t("forms.kept_only")), list.length ? el("ul", { class: "list" }, list.map((f) => el("li", {}, el("div", { class: "fill-row" },
    el("div", {}, el("strong", {}, el("bdi", {}, f.title)), el("div", { class: "hint" }, [several && f.projectName, t("forms.version", { v: f.version || "–" }), here.has(`${f.project}/${f.form}/${f.hash}`) && t("forms.kept")].filter(Boolean).join(" · "))),
    el("div", { class: "fill-acts" }, el("a", { class: "button", href: address(f) }, t("forms.fill"))))))) : el("p", { class: "empty" }, t("forms.none")));
}

/** showList draws the list, and again whenever something changes, until another view comes. */
export async function showList(main) {
  await outbox.forgetOld();
  let now = await available(), news = 0, gone = false, drawing = Promise.resolve();
  const draw = async () => {
    const out = await items.list("out"), draft = await items.list("draft"), kept = await forms.known();
    const state = (s) => out.filter((i) => i.state === s);
    const parts = [refused(state("refused")), waiting(state("waiting")), drafts(draft.toReversed()), fillable(now, kept), await offlinePanel(now, () => redraw()), sent(state("sent"))];
    if (gone) return;
    news += outbox.justSent();
    fit(main, [el("div", { class: "head", id: "head" }, el("h1", {}, t("title")), el("p", { class: "fill-state", role: "status" }, el("span", { class: "pill" }, t(reachable() ? "state.online" : "state.offline")))), ...[news && el("p", { class: "flash", id: "news", role: "status" }, t("sent.news", { n: news }))], ...parts].filter(Boolean));
  };
  redraw = () => (gone ? undefined : (drawing = drawing.then(draw)));
  const stop = [onReach(async () => { now = await available(); redraw(); }), outbox.onChange(() => redraw())];
  onLeave(async () => { gone = true; stop.forEach((f) => f()); });
  await redraw();
  await outbox.send();
}

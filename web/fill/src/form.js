// One form: the component of ODK Web Forms in our shell, with drafts that save themselves.
import { createApp, h, watch } from "vue";
import { OdkWebForm, webFormsPlugin } from "@getodk/web-forms";
import * as items from "./items.js";
import * as forms from "./forms.js";
import * as outbox from "./send.js";
import * as seal from "./seal.js";
import { onLoaded } from "./hooks.js";
import { quickExit } from "./leave.js";
import { calendar } from "./calendar.js";
import { choose, direction } from "./language.js";
import { SignedOut, Unreachable } from "./net.js";
import { lang, t, when } from "./texts.js";
import { go, onLeave } from "./router.js";
import { button, el } from "./ui.js";

const instanceFile = "xml_submission_file";

// about reads from the XML of an instance what lists show.
function about(xml) {
  const doc = new DOMParser().parseFromString(xml, "text/xml");
  const text = (name) => doc.getElementsByTagNameNS("*", name)[0]?.textContent.trim() || undefined;
  return { instance: text("instanceID"), name: text("instanceName") };
}

// fetchMedia answers the component's requests for media (jr://images/x.png) from the device.
const fetchMedia = (media) => async (url) => {
  const name = decodeURIComponent(url.pathname.split("/").at(-1));
  const file = media.find((m) => m.name === name);
  return file ? new Response(file, { headers: { "Content-Type": file.type || "application/octet-stream" } }) : new Response(null, { status: 404 });
};

function data(files) {
  const form = new FormData();
  for (const f of files) form.set(f.name, f);
  return form;
}

function gone(main, key) {
  main.replaceChildren(el("section", { class: "narrow" }, el("h1", {}, t("title")), el("p", { class: "lead" }, t(key)), el("p", {}, el("a", { class: "button", href: "/fill" }, t("back")))));
}

/** showForm shows a form for a new record, or goes on with a draft. */
export async function showForm(main, project, form, draftId) {
  const before = draftId ? await items.get(draftId) : undefined;
  if (draftId && !before) return gone(main, "form.no_draft");
  let found;
  try {
    found = await forms.open(project, form, before?.head.hash);
  } catch (e) {
    if (!(e instanceof SignedOut || e instanceof Unreachable)) throw e;
    return gone(main, "form.not_here");
  }
  if (!found) return gone(main, "form.none");

  const id = before?.id ?? crypto.randomUUID();
  const head = { project, form, version: found.head.version, hash: found.head.hash, title: found.head.title };
  const state = el("span", { class: "when", role: "status" }, before ? t("form.draft_of", { at: when(before.at) }) : "");
  const place = el("div", { id: "odk" });
  const drop = button(t("form.discard"), discard);
  drop.hidden = !before;
  main.replaceChildren(el("div", { class: "fill-bar" }, el("a", { href: "/fill", class: "quiet" }, t("back")), state, quickExit()), place, el("p", { class: "fill-drop" }, drop));
  document.title = found.head.title;

  let app, snapshot, last = "", timer, dirty = false, done = false, saving = Promise.resolve();

  async function save() {
    if (done || !snapshot) return;
    const { xml, files } = snapshot();
    const text = await xml.text();
    if (text === last && !files.some((f) => !sizes.has(f))) { dirty = false; return; }
    files.forEach((f) => sizes.add(f));
    await items.save({ id, kind: "draft", head: { ...head, ...about(text) } }, [xml, ...files]);
    last = text;
    dirty = false;
    drop.hidden = false;
    navigator.storage?.persist?.(); // a browser short of room shall not choose these
    state.textContent = t("form.saved", { at: when(Date.now()) });
  }
  const sizes = new WeakSet(); // files that the saved draft has
  const saveSoon = () => {
    dirty = true;
    clearTimeout(timer);
    timer = setTimeout(saveNow, 800);
  };
  const saveNow = () => {
    clearTimeout(timer);
    return (saving = saving.then(save).catch((e) => {
      console.error(e);
      state.textContent = t("form.not_saved");
    }));
  };
  for (const event of ["input", "change", "click", "keyup"]) place.addEventListener(event, saveSoon);
  const ended = new AbortController(), during = { signal: ended.signal };
  document.addEventListener("visibilitychange", () => { if (document.hidden && dirty) saveNow(); }, during);
  addEventListener("beforeunload", (e) => { if (dirty && !done && snapshot && !document.documentElement.hidden) { saveNow(); e.preventDefault(); } }, during);
  onLeave(async () => {
    if (dirty) await saveNow();
    ended.abort();
    app?.unmount();
  });

  async function discard() {
    if (!confirm(t("drafts.delete_ask"))) return;
    done = true;
    dirty = false;
    clearTimeout(timer);
    await saving;
    await items.drop(id);
    go("/fill");
  }

  async function submit(payload) {
    if (payload.status !== "ready") return;
    clearTimeout(timer);
    await saving;
    done = true;
    const files = [...payload.data[0].values()];
    const text = await files[0].text();
    const { instance, name } = about(text);
    dirty = false;
    try {
      await outbox.put(crypto.randomUUID(), { ...head, instance, name }, files);
    } catch (e) {
      console.error(e);
      done = false;
      state.textContent = t("form.not_sent");
      return;
    }
    await items.drop(id);
    go("/fill");
  }

  onLoaded((root, write) => {
    const language = choose(root.languages, lang);
    if (language && !before?.head.language) root.setLanguage(language);
    watch(() => root.currentState.activeLanguage, (active) => {
      place.dir = direction(active, document.documentElement.dir);
      if (active?.locale) place.lang = active.locale; else place.removeAttribute("lang");
    }, { immediate: true });
    // What the form has of itself before anybody answers is no draft yet.
    setTimeout(async () => { last = await write().xml.text(); snapshot = write; }, 0);
  });
  // Who fills it in, for forms that ask; the device has no name but the holder's.
  const me = await items.get(`${seal.holder()}/me`);
  const preloadProperties = { username: me?.head.name, deviceID: `browser:${seal.holder()}` };
  const editInstance = before && { draft: [data(await items.files(before.id))] };
  app = createApp({ render: () => h(OdkWebForm, {
    formXml: found.xml, fetchFormAttachment: fetchMedia(found.media), missingResourceBehavior: "BLANK", editInstance, preloadProperties, onSubmit: submit,
  }) });
  app.use(webFormsPlugin);
  Object.assign(app.config.globalProperties.$primevue.config.locale, calendar());
  app.mount(place);
}

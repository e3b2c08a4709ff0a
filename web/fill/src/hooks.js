// What the patched form component asks of the page around it (patches.mjs says where).
import { h, ref, onMounted, onUnmounted } from "vue";
import { t } from "./texts.js";

export { t };

/** style is an element that PrimeVue writes CSS into; the CSS becomes a constructed sheet. */
export function style() {
  const el = document.createElement("meta"); // it only holds the sheet's place in the page
  const sheet = new CSSStyleSheet();
  let css = "";
  const set = (text) => { css = text; sheet.replaceSync(text); };
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  for (const name of ["textContent", "innerHTML"]) Object.defineProperty(el, name, { get: () => css, set });
  return el;
}

let listener = () => {};
/** onLoaded says who is told when the component shows a form. */
export const onLoaded = (f) => { listener = f; };
/** loaded tells of a form's root node and how to write down its answers; it gives the root back. */
export function loaded(root, snapshot) {
  listener(root, snapshot);
  return root;
}

/** FileQuestion takes a sound, a film or any other file. */
export const FileQuestion = {
  props: ["question"],
  setup(props) {
    const label = ref(null), id = `${props.question.nodeId}-file`, address = ref("");
    const q = props.question, kind = q.nodeOptions.media.type;
    const revoke = () => { if (address.value) URL.revokeObjectURL(address.value); address.value = ""; };
    onMounted(() => { if (q.currentState.value) address.value = URL.createObjectURL(q.currentState.value); });
    onUnmounted(revoke);
    const take = (file) => { revoke(); q.setValue(file); if (file) address.value = URL.createObjectURL(file); };
    return () => {
      const s = q.currentState, file = s.value;
      return h("div", { class: "file-question" }, [
        h("label", { for: id, ref: label, class: "file-label" }, [s.label?.asString ?? "", s.required ? " *" : ""]),
        s.hint ? h("p", { class: "hint" }, s.hint.asString) : null,
        h("input", { id, type: "file", accept: q.nodeOptions.media.accept, disabled: s.readonly, onChange: (e) => take(e.target.files[0] ?? null) }),
        file && address.value ? (kind === "audio" ? h("audio", { controls: "", src: address.value }) : kind === "video" ? h("video", { controls: "", src: address.value }) : h("p", { dir: "auto" }, file.name)) : null,
        file && !s.readonly ? h("button", { type: "button", class: "quiet", onClick: () => take(null) }, t("ui.remove")) : null,
      ]);
    };
  },
};

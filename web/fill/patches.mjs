// What is changed in the built @getodk/web-forms before it goes into our bundle. Each entry is
// [exact text, replacement, how often it stands there]; the build fails when the number
// differs, so a new version of the package cannot slip past. `aman` is src/hooks.js.

// Words that the package writes in English alone.
const text = (key) => `aman.t("ui.${key}")`;
const words = [
  ['"An error occurred while loading this form"', text("load_failed"), 1],
  ['"Technical error details"', text("load_details"), 1],
  ['"aria-label": "change language"', `"aria-label": ${text("language")}`, 1],
  ['label: "Change language"', `label: ${text("language")}`, 1],
  ['"Condition not satisfied: constraint"', text("constraint"), 1],
  ['"Condition not satisfied: required"', text("required"), 1],
  ['"Accuracy: "', `${text("accuracy")} + " "`, 1],
  ['"Latitude: "', `${text("latitude")} + " "`, 1],
  ['"Longitude: "', `${text("longitude")} + " "`, 1],
  ['"Good accuracy"', text("accuracy_good"), 2],
  ['"Poor accuracy"', text("accuracy_poor"), 1],
  ['"Unknown accuracy"', text("accuracy_unknown"), 1],
  ['"Finding your location"', text("locating"), 1],
  ['"Time taken to capture location: "', `${text("locate_time")} + " "`, 1],
  ['" Location will be saved at "', `" " + ${text("locate_at")} + " "`, 1],
  ['" Previous saved location at "', `" " + ${text("locate_previous")} + " "`, 1],
  ['label: "Cancel"', `label: ${text("cancel")}`, 1],
  ['label: "Save location"', `label: ${text("locate_save")}`, 1],
  ['"Get location"', text("locate"), 1],
  ['"Try again"', text("again"), 1],
  ['"Cannot access location"', text("locate_denied"), 1],
  ['"Grant location permission in the browser settings and make sure location is turned on."', text("locate_grant"), 1],
  ['"Rank items"', text("rank"), 1],
  ['"Take picture"', text("picture_take"), 1],
  ['"Choose image"', text("picture_choose"), 1],
  ['"Captured image preview"', text("picture_preview"), 1],
  ['literal: "Repeat Item"', `literal: ${text("repeat_item")}`, 1],
  ['label: "Remove"', `label: ${text("remove")}`, 1],
  ['createTextVNode(" Add ", -1)', `createTextVNode(" " + ${text("add")} + " ", -1)`, 1],
  ['"1 question with error."', text("error_one"), 1],
  ["`${QA} questions with errors.`", `aman.t("ui.error_many", { n: QA })`, 1],
  ['"Location unavailable. Enable GPS and browser permissions, then restart the form to try again."', text("locate_none"), 1],
  ['label: "Send"', `label: ${text("send")}`, 1],
];

const map = [
  ['"Graphics issue detected"', text("map_graphics"), 1],
  ['"Your browser cannot display the map now. Enable graphics acceleration settings."', text("map_graphics_do"), 1],
  ['"Cannot access location"', text("locate_denied"), 1],
  ['"Grant location permission in the browser settings and make sure location is turned on."', text("locate_grant"), 1],
  ['"Remove selection"', text("remove"), 1],
  ['"Save selected"', text("map_save"), 1],
  ['"No point saved"', text("map_none"), 1],
  ['"No trace saved"', text("map_none"), 1],
  ['"No shape saved"', text("map_none"), 1],
  ['"Point saved"', text("map_saved"), 2],
  ['"Trace saved"', text("map_saved"), 1],
  ['"Shape saved"', text("map_saved"), 1],
  ['"Feature saved"', text("map_saved"), 1],
  ['"Capturing location..."', text("locating"), 1],
  ['"Get location"', text("locate"), 1],
  ['"Remove point"', text("remove"), 1],
  ['"Remove"', text("remove"), 1],
  ['"View details"', text("map_details"), 1],
  ['"Advanced"', text("map_advanced"), 1],
  ['label: "Save"', `label: ${text("map_save")}`, 1],
  ['"Press and drag to move a point"', text("map_move"), 1],
  ['"Tap to place a point"', text("map_place"), 1],
  ['"Tap to move point"', text("map_move"), 1],
  ['"Use the location button to center on your current location"', text("map_here"), 1],
  ['title: "Full Screen"', `title: ${text("map_full")}`, 1],
  ['title: "Zoom to fit"', `title: ${text("map_fit")}`, 1],
  ['title: "Zoom to current location"', `title: ${text("map_here")}`, 1],
  ['title: "Delete"', `title: ${text("remove")}`, 1],
  ['title: "Undo last change"', `title: ${text("map_undo")}`, 1],
];

// Styles that PrimeVue writes at run time become constructed style sheets, which the page's
// Content-Security-Policy allows without 'unsafe-inline' or a nonce.
const styles = [
  ['aA.createElement("style")', "aman.style()", 1],
  ['this.styleElement = document.createElement("style")', "this.styleElement = aman.style()", 1],
  ['this.responsiveStyleElement = document.createElement("style")', "this.responsiveStyleElement = aman.style()", 1],
  // The reset of the whole page would undo our own header; fill.css has what the form needs of it.
  ['const tA = document.createElement("style");\n    tA.textContent = resetStyles, document.head.prepend(tA), eA.use(PrimeVue', "eA.use(PrimeVue", 1],
];

// A draft is restored, not edited: an edit would become a new submission that replaces another.
const drafts = [
  ["const rA = resolvableFormInstanceInput(tA.editInstance), oA = await AA.editInstance(rA, nA);",
    "const oA = await (tA.editInstance.draft ? AA.restoreInstance({ data: tA.editInstance.draft }, nA) : AA.editInstance(resolvableFormInstanceInput(tA.editInstance), nA));", 1],
  // The page is told of the form it shows, and how to write down what was answered so far
  // without the events that belong to sending.
  ["root: tA.root\n}), loadFormState", "root: aman.loaded(tA.root, () => ({ xml: new InstanceFile(tA.root.rootDocument), files: collectInstanceAttachmentFiles(tA.root.rootDocument.attachments) }))\n}), loadFormState", 1],
  // Files other than pictures: the package shows a notice that they are to come.
  ['createElementBlock("p", null, "🚧 Support for non-image uploads is pending. 🚧")', "createBlock(aman.FileQuestion, { question: eA.question }, null, 8, [\"question\"])", 1],
];

// Fields that their labels do not name, buttons without a word, and a heading that only a mouse
// could fold (WCAG 2.2, 4.1.2 and 2.1.1).
const labels = [
  ['"show-button-bar": "",\n      disabled: nA.value', '"show-button-bar": "",\n      inputId: eA.question.nodeId,\n      disabled: nA.value', 1],
  ["createBlock(unref(script$f), {\n      id: eA.node.nodeId,", "createBlock(unref(script$f), {\n      inputId: eA.node.nodeId,", 1],
  ['id: eA.question.nodeId,\n      class: "dropdown",', 'id: eA.question.nodeId,\n      "aria-label": eA.question.currentState.label?.asString,\n      class: "dropdown",', 1],
  ['class: "button-menu",', `class: "button-menu",\n            "aria-label": ${text("more")},`, 1],
  ['class: "clear-button",', `class: "clear-button",\n        "aria-label": ${text("remove")},`, 1],
  ['class: "panel-title",\n          role: "button",', 'class: "panel-title",\n          role: "button",\n          tabindex: "0",\n          onKeydown: (e) => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); AA.value = !AA.value; } },', 1],
];

// Pictures are made smaller in the page: a worker from text (blob:) is what the policy of the page
// keeps out, and the package would wait for it for ever.
const workers = [['features: ["js", "wasm", "ww"],', 'features: ["js", "wasm"],', 1]];

// The footer with the maker's mark opens another site from a page that holds interviews; the
// notice stands in NOTICE instead.
const footer = [
  ['href: "https://getodk.org",\n            target: "_blank"', 'hidden: ""', 1],
  ['createElementVNode("div", _hoisted_10, toDisplayString(unref(AA)), 1)', 'createCommentVNode("", !0)', 1],
];

// No pictures of the map from another's server: each would tell where somebody is at work.
const tiles = [["layers: [new wy({ source: new Xy() })],", "layers: [],", 1]];

export const patches = { index: [...words, ...styles, ...drafts, ...labels, ...workers, ...footer], map: [...map, ...tiles] };

// Loads XForms as ODK Web Forms does, without a browser: parse, begin an instance, read every
// node's label, hint and choices, write the instance down.
// One JSON object a line: {"xml"} in; {"events","walk"} or {"error"} out.
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { JSDOM } from "jsdom";

const { window } = new JSDOM("<!doctype html>", { url: "https://forms.example/" });
for (const name of ["document", "DOMParser", "XMLSerializer", "Node", "Element", "Document", "Text", "Attr", "XPathResult", "XPathExpression", "XPathEvaluator", "File", "Blob", "FormData", "FileReader", "ProcessingInstruction", "Comment", "CDATASection"]) globalThis[name] ??= window[name];
for (const name of ["File", "Blob", "FormData", "FileReader"]) globalThis[name] = window[name];
// web-tree-sitter, inside the engine, takes Node for CommonJS.
globalThis.require = createRequire(import.meta.url);
globalThis.__dirname = import.meta.dirname ?? ".";
// The same clock and the same chance for every form.
Date.now = () => Date.UTC(2026, 2, 31, 8);
let chance = 0;
Math.random = () => (chance = (chance * 16807 + 7) % 2147483647) / 2147483647;
const { loadForm } = await import("@getodk/xforms-engine");

const message = (e) => {
  const texts = [];
  for (let at = e; at; at = at.cause) texts.push(at.message ?? String(at));
  return texts.join(": ") || "unknown";
};

// what a person would see of a node and of all below it
function walk(node, seen) {
  const s = node.currentState;
  seen.push([node.nodeType, s.reference, s.relevant, s.readonly, s.required, plain(s.label?.asString), plain(s.hint?.asString), s.valueOptions?.map((o) => [o.value, plain(o.label?.asString)])]);
  for (const child of s.children ?? []) walk(child, seen);
}

// Space inside a label is not seen on a page: pyxform breaks lines round <output>, Aman does not.
const plain = (text) => text?.replace(/\s+/g, " ").trim();

async function load(xml) {
  chance = 1;
  const form = await loadForm(xml, { fetchFormAttachment: async () => new Response("", { status: 404 }), missingResourceBehavior: "BLANK" });
  if (form.status === "failure") return { error: message(form.error) };
  const { root } = form.createInstance();
  const seen = [];
  for (const language of root.languages) {
    if (!language.isSyntheticDefault) root.setLanguage(language);
    walk(root, seen);
  }
  const payload = await root.prepareInstancePayload({ payloadType: "monolithic" });
  const file = payload.data[0].get("xml_submission_file");
  const text = await new Promise((done) => { const r = new window.FileReader(); r.onload = () => done(r.result); r.readAsText(file); });
  // Ids, times and chance differ from one instance to the next.
  const same = (t) => t.replace(/uuid:[0-9a-f-]{36}|\b[0-9a-f]{8}-[0-9a-f-]{27}\b/g, "uuid").replace(/\d{4}-\d\d-\d\d(T[\d:.]+)?(Z|[+-]\d\d:\d\d)?/g, "time");
  return { events: seen.length, walk: createHash("sha256").update(same(JSON.stringify(seen) + text)).digest("hex").slice(0, 16) };
}

console.log = console.warn = console.error; // the engine reports to the console; the answers go to standard output alone
for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = await load(JSON.parse(line).xml);
  } catch (e) {
    answer = { error: message(e) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
await new Promise((done) => process.stdout.write("", done)); // what is still in the pipe
process.exit(0);

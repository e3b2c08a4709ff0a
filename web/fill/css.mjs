// The style sheet of the package, for a page of ours: no fonts, no utility classes that nothing
// names, and every physical side made a logical one, so that the form turns round in Urdu.
import { transform } from "esbuild";

const sides = [
  [/\b(margin|padding)-left:/g, "$1-inline-start:"], [/\b(margin|padding)-right:/g, "$1-inline-end:"],
  [/\bborder-left(-width|-color|-style)?:/g, "border-inline-start$1:"], [/\bborder-right(-width|-color|-style)?:/g, "border-inline-end$1:"],
  [/\bborder-top-left-radius:/g, "border-start-start-radius:"], [/\bborder-top-right-radius:/g, "border-start-end-radius:"],
  [/\bborder-bottom-left-radius:/g, "border-end-start-radius:"], [/\bborder-bottom-right-radius:/g, "border-end-end-radius:"],
  [/([{;])left:/g, "$1inset-inline-start:"], [/([{;])right:/g, "$1inset-inline-end:"],
  [/\btext-align:left\b/g, "text-align:start"], [/\btext-align:right\b/g, "text-align:end"],
  [/\bfloat:left\b/g, "float:inline-start"], [/\bfloat:right\b/g, "float:inline-end"],
  // margin: top right bottom left
  [/([{;])(margin|padding):([^\s;}]+) ([^\s;}]+) ([^\s;}]+) ([^\s;}!]+)(?=[;}])/g, (all, start, what, t, r, b, l) => (all.includes("(") || r === l ? all : `${start}${what}-block:${t} ${b};${what}-inline:${l} ${r}`)],
];

/** logical turns physical sides of minified CSS into logical ones. */
export const logical = (css) => sides.reduce((s, [from, to]) => s.replace(from, to), css);

// rules splits CSS into its top rules.
function rules(css) {
  const list = [];
  let depth = 0, start = 0;
  for (let i = 0; i < css.length; i++) {
    if (css[i] === "{") depth++;
    else if (css[i] === "}" && --depth === 0) { list.push(css.slice(start, i + 1)); start = i + 1; }
  }
  return list;
}

// used drops the rules whose classes the code never names: most of PrimeFlex. Rules of a component
// (data-v-…) and classes that are put together at run time (odk-icon-md) stay.
function used(css, known) {
  return rules(css).map((rule) => {
    const brace = rule.indexOf("{"), head = rule.slice(0, brace).trim();
    if (/^@(media|supports|layer)/.test(head)) {
      const inner = used(rule.slice(brace + 1, -1), known);
      return inner && `${head}{${inner}}`;
    }
    if (head.startsWith("@")) return rule;
    const keep = head.split(/,(?![^(]*\))/).filter((sel) => sel.includes("[data-v-") || [...sel.matchAll(/\.((?:\\.|[\w-])+)/g)].every((m) => known(m[1].replaceAll("\\", ""))));
    return keep.length ? keep.join(",") + rule.slice(brace) : "";
  }).join("");
}

export async function stylesheet(index, own, code) {
  const from = index.indexOf("createTextNode('") + "createTextNode('".length;
  const to = index.indexOf("'))", from);
  const raw = (0, JSON.parse)('"' + index.slice(from, to).replaceAll('"', '\\"').replaceAll("\\'", "'") + '"');
  const plain = raw.replace(/^@charset[^;]*;/, "").replace(/@font-face\{[^}]*\}/g, "");
  const names = new Set(code.match(/[A-Za-z][\w-]*(?::[\w-]+)*/g));
  const kept = used((await transform(plain, { loader: "css", minify: true })).code, (c) => /^(odk|p)-/.test(c) || names.has(c));
  return logical(kept) + "\n" + (await transform(own, { loader: "css", minify: true })).code;
}

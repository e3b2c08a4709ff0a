// Builds ../assets/fill from the lock file: fill.js (our shell), its chunks (the form engine, the map), fill.css,
// and sw.js. The same input gives the same bytes; scripts/webforms checks that.
import { build } from "esbuild";
import { readFileSync, readdirSync, writeFileSync, rmSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { patches } from "./patches.mjs";
import { stylesheet } from "./css.mjs";

const out = process.argv[2] ?? "../assets/fill";
const dist = "node_modules/@getodk/web-forms/dist";
const files = readdirSync(dist);
const engine = files.find((f) => /^index-.*\.js$/.test(f));
const map = files.find((f) => /^MapBlock-.*\.js$/.test(f));

function patched(name, list) {
  let source = readFileSync(join(dist, name), "utf8");
  const wrong = [];
  for (const [from, to, times] of list) {
    const pieces = source.split(from);
    if (pieces.length !== times + 1) wrong.push(`${JSON.stringify(from.slice(0, 90))} stands there ${pieces.length - 1} times, not ${times}`);
    source = pieces.join(to);
  }
  if (wrong.length) throw new Error(`${name} is not what patches.mjs expects:\n${wrong.join("\n")}`);
  return 'import * as aman from "aman-hooks";\n' + source;
}

// The map's worker stands in the package as a string, for a blob: that the page's policy keeps out;
// here it becomes a file of ours.
const workerSource = /const i = ('(?:[^'\\]|\\.)*');\n  return new Worker\([^\n]*\);/;
let worker;
function withWorker(source) {
  const found = source.match(workerSource);
  if (!found) throw new Error(`${map}: the map's worker is not where it was`);
  worker = new Function("return " + found[1])();
  return source.replace(found[0], 'return new Worker(new URL("map-worker.js", import.meta.url));');
}

const webForms = {
  name: "web-forms",
  setup(b) {
    const at = (name) => join(process.cwd(), dist, name);
    b.onResolve({ filter: /^aman-hooks$/ }, () => ({ path: join(process.cwd(), "src/hooks.js") }));
    b.onLoad({ filter: /index-[^/]*\.js$/ }, (a) => (a.path === at(engine) ? { contents: patched(engine, patches.index), loader: "js" } : undefined));
    b.onLoad({ filter: /MapBlock-[^/]*\.js$/ }, (a) => (a.path === at(map) ? { contents: withWorker(patched(map, patches.map)), loader: "js" } : undefined));
    // index.js is 1.3 MB of styles with 27 fonts in them; the styles go to fill.css, the fonts nowhere.
    b.onLoad({ filter: /web-forms\/dist\/index\.js$/ }, (a) => ({ contents: readFileSync(a.path, "utf8").replace(/^\(function\(\)\{"use strict";try\{if\(typeof document<"u"\)\{var r=document\.createElement\("style"\)[^]*?\n(?=import )/, ""), loader: "js" }));
  },
};

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const common = { bundle: true, minify: true, format: "esm", target: ["chrome100", "firefox102", "safari15.4"], legalComments: "none", logLevel: "warning", charset: "utf8" };
await build({
  ...common,
  entryPoints: { fill: "src/main.js" },
  outdir: out,
  splitting: true,
  chunkNames: "[name]-[hash]",
  define: { "process.env.NODE_ENV": '"production"', __VUE_OPTIONS_API__: "true", __VUE_PROD_DEVTOOLS__: "false", __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false" },
  plugins: [webForms],
});
writeFileSync(join(out, "map-worker.js"), worker);
await build({ ...common, format: "iife", entryPoints: { sw: "src/sw.js" }, outdir: out });
const code = readdirSync(out).filter((f) => f.endsWith(".js")).map((f) => readFileSync(join(out, f), "utf8")).join("\n");
writeFileSync(join(out, "fill.css"), await stylesheet(readFileSync(join(dist, "index.js"), "utf8"), readFileSync("src/fill.css", "utf8"), code));

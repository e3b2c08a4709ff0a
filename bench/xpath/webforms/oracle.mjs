// Evaluates expressions with @getodk/xpath: one JSON object a line in and out, as javarosa/Oracle.java does.
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { JSDOM } from 'jsdom';

// The bundle was made for browsers and looks for these two in Node.
globalThis.__dirname = import.meta.dirname;
globalThis.require = createRequire(import.meta.url);

const { window } = new JSDOM('<html/>');
for (const name of Object.getOwnPropertyNames(window)) {
  if (/^(DOMParser|XPathResult|XPath.*|Node|Element|Attr|Text|Comment|CDATASection|Document|XMLDocument|ProcessingInstruction|CharacterData)$/.test(name)) {
    globalThis[name] = window[name];
  }
}
globalThis.document = window.document;
const { XFormsXPathEvaluator, DEFAULT_DOM_ADAPTER } = await import('@getodk/xpath');
const parser = new window.DOMParser();
const prepared = new Map();

function prepare(doc, tz) {
  const key = tz + doc;
  if (!prepared.has(key)) {
    if (prepared.size > 50) prepared.clear();
    const rootNode = parser.parseFromString(doc, 'text/xml');
    prepared.set(key, {
      rootNode,
      evaluator: new XFormsXPathEvaluator({
        domAdapter: DEFAULT_DOM_ADAPTER,
        rootNode,
        timeZoneId: tz,
        itextTranslationsByLanguage: new Map(),
        secondaryInstancesById: new Map(),
      }),
    });
  }
  return prepared.get(key);
}

function path(node) {
  if (node.nodeType === 9) return '';
  if (node.nodeType === 2) return path(node.ownerElement) + '/@' + node.nodeName;
  let place = 1;
  for (let s = node.previousSibling; s; s = s.previousSibling) if (s.nodeName === node.nodeName) place++;
  return path(node.parentNode) + '/' + (node.nodeType === 3 ? 'text()' : node.nodeName) + '[' + place + ']';
}

function answer(q) {
  const { rootNode, evaluator } = prepare(q.doc ?? '<data/>', q.tz ?? 'UTC');
  const contextNode = q.context ? evaluator.evaluateNodes(q.context)[0] : rootNode.documentElement;
  const run = () => evaluator.evaluate(q.expr, contextNode, rootNode, XPathResult.ANY_TYPE);
  const r = run();
  const out = {};
  if (q.repeat) {
    let best = Infinity;
    for (let round = 0; round < 6; round++) {
      const t = process.hrtime.bigint();
      for (let i = 0; i < q.repeat; i++) run();
      best = Math.min(best, Number(process.hrtime.bigint() - t));
    }
    out.nanos = best / q.repeat;
  }
  switch (r.resultType) {
    case 1: {
      const string = evaluator.evaluate(q.expr, contextNode, rootNode, 2).stringValue;
      return { ...out, type: 'number', number: String(r.numberValue), string };
    }
    case 2: return { ...out, type: 'string', string: r.stringValue };
    case 3: return { ...out, type: 'boolean', string: String(r.booleanValue) };
  }
  const nodes = [];
  for (let n; (n = r.iterateNext()); ) nodes.push(path(n));
  return { ...out, type: 'nodes', nodes };
}

for await (const line of createInterface({ input: process.stdin })) {
  let out;
  try {
    out = answer(JSON.parse(line));
  } catch (e) {
    out = { error: String(e?.message ?? e).split('\n')[0] };
  }
  console.log(JSON.stringify(out));
}

/* The charts, as elements. Each function takes a panel and a view and gives what stands in the panel. */
(function () {
  "use strict";
  var A = window.Aman, D = A.data, lang = document.documentElement.lang, rtl = document.documentElement.dir === "rtl";
  var T = JSON.parse(document.getElementById("texts").textContent);
  var number = new Intl.NumberFormat(lang === "ur" ? "en" : lang);

  A.say = function (key, words) {
    return T[key].replace(/\{(\w+)\}/g, function (m, w) { return words && w in words ? words[w] : m; });
  };
  A.num = function (n) { return number.format(n); };
  function label(l) { return typeof l === "string" ? l : l[lang] || l.en; }
  A.label = label;
  // Isolated in right-to-left text (Unicode FSI and PDI), or "9–17" would read "17–9".
  A.valueLabel = function (v) { return rtl ? "\u2068" + label(D.values[v].l) + "\u2069" : label(D.values[v].l); };

  // An element with properties and children; text is never taken for markup.
  function h(tag, props) {
    var e = document.createElement(tag);
    for (var k in props) {
      if (k === "class") e.className = props[k];
      else if (k === "on") e.addEventListener("click", props[k]);
      else if (props[k] !== undefined && props[k] !== null) e.setAttribute(k, props[k]);
    }
    for (var i = 2; i < arguments.length; i++) add(e, arguments[i]);
    return e;
  }
  function add(e, c) {
    if (c === undefined || c === null) return;
    if (Array.isArray(c)) c.forEach(function (x) { add(e, x); });
    else e.append(c);
  }
  A.h = h;

  function svg(tag, props) {
    var e = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (var k in props) e.setAttribute(k, props[k]);
    for (var i = 2; i < arguments.length; i++) e.append(arguments[i]);
    return e;
  }

  function fewer() { return A.say("fewer", { k: A.num(D.k) }); }
  A.recordsText = function (c) { return c.syn < D.k ? fewer() : A.num(c.syn); };
  A.estimateText = function (c) { return c.beyond ? "–" : c.small ? fewer() : A.num(c.est); };
  A.intervalText = function (c) { return c.beyond || c.small ? "–" : A.num(c.low) + "–" + A.num(c.high); };

  // An interval that holds 0: it may be nobody.
  function unsure(c) { return !c.beyond && !c.small && c.low === 0; }

  // What stands beside a bar: the number to quote with its interval, then the synthetic records.
  function figures(c) {
    if (D.kind !== "dp") return [h("b", {}, A.recordsText(c))];
    if (c.beyond) return [h("span", { class: "sr" }, T.syn + " "), h("b", { class: "syn" }, A.recordsText(c))];
    var main = c.small ? h("b", { class: "small" }, fewer()) : h("b", unsure(c) ? { class: "small", title: T.unsure } : {}, A.num(c.est));
    var out = [h("span", { class: "sr" }, T.estimate + " "), main];
    if (!c.small) out.push(h("span", { class: "sr" }, ", " + T.interval + " "), h("bdi", { class: "interval", dir: "ltr" }, A.intervalText(c)));
    if (unsure(c)) out.push(h("span", { class: "sr" }, ", " + T.unsure));
    out.push(h("span", { class: "sr" }, ", " + T.syn + " "), h("span", { class: "syn" }, A.recordsText(c)));
    return out;
  }

  // The largest number that a list of cells draws.
  function most(cells) {
    var m = 1;
    cells.forEach(function (c) {
      var x = A.shown(c);
      m = Math.max(m, x === null ? 0 : x, c.beyond || c.small ? 0 : c.high, D.kind === "dp" && c.syn >= D.k ? c.syn : 0);
    });
    return m;
  }

  function put(e, property, share) {
    e.style[property] = (100 * Math.max(0, Math.min(1, share))).toFixed(2) + "%";
    return e;
  }

  // Bar, whisker and tick along one direction; size and start are the logical properties to set.
  function marks(c, top, size, start) {
    var x = A.shown(c), out = [put(h("span", { class: c.beyond && D.kind === "dp" ? "bar rows" : unsure(c) ? "bar unsure" : "bar" }), size, (x || 0) / top)];
    if (!c.beyond && !c.small) out.push(put(put(h("span", { class: "whisker" }), start, c.low / top), size, (c.high - c.low) / top));
    if (D.kind === "dp" && !c.beyond && c.syn >= D.k) out.push(put(h("span", { class: "tick" }), start, c.syn / top));
    return out;
  }

  function cellsOf(panel, view) {
    return panel.values.map(function (v) { var c = view.value(v); c.v = v; return c; });
  }

  function ordered(panel, cells, chosen) {
    var list = cells.filter(function (c) { return A.shown(c) !== null || chosen(c.v) || (panel.ordered && c.syn > 0); });
    if (!panel.ordered) list.sort(function (a, b) { return (A.shown(b) || 0) - (A.shown(a) || 0); });
    return list;
  }

  var first = 10, open = {};
  function bars(panel, view, state) {
    var cells = ordered(panel, cellsOf(panel, view), state.has), top = most(cells), shown = cells;
    if (!panel.ordered && cells.length > first + 2 && !open[panel.id]) shown = cells.slice(0, first);
    var rows = shown.map(function (c) {
      return h("button", { type: "button", class: "row", "aria-pressed": state.has(c.v), "data-key": panel.id + ":" + c.v, on: function () { state.choose(c.v); } },
        h("span", { class: "label" }, A.valueLabel(c.v)), " ", h("span", { class: "figures" }, figures(c)), h("span", { class: "track", "aria-hidden": "true" }, marks(c, top, "inlineSize", "insetInlineStart")));
    });
    if (shown.length < cells.length || open[panel.id]) {
      rows.push(h("button", { type: "button", class: "more", "data-key": panel.id + ":more", on: function () { open[panel.id] = !open[panel.id]; state.draw(); } },
        open[panel.id] ? T.less : A.say("all", { n: A.num(cells.length) })));
    }
    if (panel.attr >= 0) rows.push(missing(view.missing(panel.attr)));
    return { cells: cells, nodes: rows.length ? rows : [nothing()] };
  }

  function missing(n) {
    if (n < D.k) return null;
    return h("p", { class: "missing" }, T.missing + ": ", h("span", { class: "syn" }, A.num(n)), D.kind === "dp" ? " " + T.synthetic : "");
  }

  function nothing() { return h("p", { class: "missing" }, A.say("none", { k: A.num(D.k) })); }

  function time(panel, view, state) {
    var cells = cellsOf(panel, view), top = most(cells), every = Math.ceil(cells.length / 12);
    var columns = cells.map(function (c, i) {
      var name = A.valueLabel(c.v);
      return h("button", { type: "button", class: "column", "aria-pressed": state.has(c.v), "data-key": panel.id + ":" + c.v, title: name + ": " + (c.beyond ? A.recordsText(c) : A.estimateText(c) + " (" + A.intervalText(c) + ")"), on: function () { state.choose(c.v); } },
        h("span", { class: "shaft", "aria-hidden": "true" }, marks(c, top, "blockSize", "insetBlockEnd")),
        h("span", { class: "name" + ((cells.length - 1 - i) % every ? " sr" : "") }, name), h("span", { class: "sr" }, ": ", figures(c)));
    });
    return { cells: cells, nodes: [h("div", { class: "time" }, h("span", { class: "top", "aria-hidden": "true" }, A.num(top)), columns), missing(view.missing(panel.attr))] };
  }

  var side = {};
  function map(panel, view, state) {
    var W = AMAN_WORLD, attr = side[panel.id] === "to" ? panel.to : panel.attr, a = D.attrs[attr], byCode = {}, cells = [];
    for (var k = 0; k < a.size - 1; k++) {
      var c = view.value(a.first + k);
      c.v = a.first + k;
      if (A.shown(c) !== null) { cells.push(c); byCode[D.values[c.v].v] = c; }
    }
    var top = most(cells), steps = [0.02, 0.08, 0.2, 0.45];
    function shade(c) {
      var s = A.shown(c) / top, q = 1;
      steps.forEach(function (x) { if (s > x) q++; });
      return (unsure(c) ? "q0" : "q" + q) + (state.has(c.v) ? " chosen" : "");
    }
    var drawing = svg("svg", { viewBox: "0 0 " + W.width + " " + W.height, class: "world", role: "img", "aria-label": label(panel.title) + ", " + label(a.l) });
    function shape(tag, props, code) {
      var c = byCode[code];
      props["class"] = c ? shade(c) : tag === "circle" ? "none" : "land";
      var e = svg(tag, props);
      if (c) {
        var tip = svg("title", {});
        tip.textContent = A.valueLabel(c.v) + ": " + (c.beyond ? A.recordsText(c) : A.estimateText(c) + " (" + A.intervalText(c) + ")");
        e.append(tip);
        e.addEventListener("click", function () { state.choose(c.v); });
      }
      if (c || tag === "path") drawing.append(e);
    }
    for (var code in W.paths) shape("path", { d: W.paths[code] }, code);
    for (code in W.dots) shape("circle", { cx: W.dots[code][0], cy: W.dots[code][1], r: 9 }, code);
    var pick = h("div", { class: "pick" }, ["from", "to"].map(function (s) {
      return h("button", { type: "button", "aria-pressed": (side[panel.id] || "from") === s, "data-key": panel.id + ":" + s, on: function () { side[panel.id] = s; state.draw(); } }, label(D.attrs[s === "to" ? panel.to : panel.attr].l));
    }));
    // From where on each shade stands.
    var key = h("p", { class: "shades" }, [D.k].concat(steps.map(function (x) { return Math.max(D.k, Math.floor(x * top) + 1); })).map(function (from, i, all) {
      return from === all[i + 1] ? null : h("span", {}, h("i", { class: "shade s" + (i + 1) }), A.num(from) + (i < 4 ? "+" : "–" + A.num(top)));
    }));
    if (cells.some(unsure)) key.prepend(h("span", {}, h("i", { class: "shade s0" }), T.unsure));
    return { cells: cells, nodes: [pick, drawing, cells.length ? key : nothing()] };
  }

  // Two columns of nodes and ribbons between them (after Sankey 1898), the largest pairs first.
  var mostPairs = 24;
  function flow(panel, view, state) {
    var pairs = view.pairs(panel.attr, panel.to).sort(function (a, b) { return A.shown(b) - A.shown(a); }), drawn = pairs.slice(0, mostPairs);
    if (!drawn.length) return { cells: pairs, nodes: [nothing()], pairs: pairs };
    function nodes(end) {
      var by = new Map();
      drawn.forEach(function (p) {
        var n = by.get(p[end]) || { v: p[end], size: 0, at: 0 };
        n.size += A.shown(p);
        by.set(p[end], n);
      });
      return Array.from(by.values()).sort(function (a, b) { return b.size - a.size; });
    }
    var left = nodes("from"), right = nodes("to"), width = 640, gap = 12, least = 14, sum = 0;
    drawn.forEach(function (p) { sum += A.shown(p); });
    var rows = Math.max(left.length, right.length), scale = Math.max(180, 12 * rows) / sum;
    function stack(list) {
      var y = 4;
      list.forEach(function (n) { n.y = y; n.at = y; n.h = n.size * scale; y += Math.max(n.h, least) + gap; });
      return y;
    }
    var height = Math.max(stack(left), stack(right)), edge = 170, thick = 10;
    function x(at) { return rtl ? width - at : at; }
    var drawing = svg("svg", { viewBox: "0 0 " + width + " " + height, class: "flows", role: "img", "aria-label": label(panel.title) });
    function find(list, v) { return list.find(function (n) { return n.v === v; }); }
    drawn.forEach(function (p) {
      var f = find(left, p.from), t = find(right, p.to), d = A.shown(p) * scale, x0 = x(edge + thick), x1 = x(width - edge - thick), mid = width / 2;
      var y0 = f.at, y1 = t.at;
      f.at += d;
      t.at += d;
      var e = svg("path", { class: "ribbon" + (unsure(p) ? " unsure" : "") + (state.has(p.from) && state.has(p.to) ? " chosen" : ""), d: "M" + x0 + " " + y0 + "C" + mid + " " + y0 + " " + mid + " " + y1 + " " + x1 + " " + y1 + "v" + d + "C" + mid + " " + (y1 + d) + " " + mid + " " + (y0 + d) + " " + x0 + " " + (y0 + d) + "z" });
      var tip = svg("title", {});
      tip.textContent = A.valueLabel(p.from) + (rtl ? " ← " : " → ") + A.valueLabel(p.to) + ": " + (p.beyond ? A.recordsText(p) : A.estimateText(p) + " (" + A.intervalText(p) + ")");
      e.append(tip);
      e.addEventListener("click", function () { state.choose(p.from, p.to); });
      drawing.append(e);
    });
    function text(list, at, textAt, anchor) {
      list.forEach(function (n) {
        drawing.append(svg("rect", { class: "node" + (state.has(n.v) ? " chosen" : ""), x: x(at) - (rtl ? thick : 0), y: n.y, width: thick, height: Math.max(n.h, 1) }));
        var t = svg("text", { x: x(textAt), y: n.y + Math.max(n.h, least) / 2 + 4, "text-anchor": anchor });
        var name = A.valueLabel(n.v);
        t.textContent = name.length > 26 ? name.slice(0, 25) + "…" : name;
        drawing.append(t);
      });
    }
    // In right-to-left text an anchor's start is the right end.
    text(left, edge, edge - 8, "end");
    text(right, width - edge - thick, width - edge + 8, "start");
    return { cells: pairs, nodes: [h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label(panel.title) }, drawing)], pairs: pairs };
  }

  A.draw = { bars: bars, group: bars, time: time, map: map, flow: flow };

  // The table behind a chart.
  A.table = function (panel, result, state) {
    if (!result.pairs) {
      return result.cells.map(function (c) { return h("tr", {}, h("th", { scope: "row" }, A.valueLabel(c.v)), numbers(c)); });
    }
    return result.pairs.slice(0, 200).map(function (p) {
      return h("tr", {}, h("th", { scope: "row" }, h("button", { type: "button", class: "pair", "data-key": panel.id + ":" + p.from + "-" + p.to, "aria-pressed": state.has(p.from) && state.has(p.to), on: function () { state.choose(p.from, p.to); } },
        A.valueLabel(p.from) + (rtl ? " ← " : " → ") + A.valueLabel(p.to))), numbers(p));
    });
  };
  function numbers(c) {
    if (D.kind !== "dp") return [h("td", {}, A.recordsText(c))];
    return [h("td", {}, A.estimateText(c)), h("td", {}, h("bdi", { dir: "ltr" }, A.intervalText(c))), h("td", {}, A.recordsText(c))];
  }
})();

/* Choices, their address, and what stands above the charts. */
(function () {
  "use strict";
  var notice = typeof AMAN_NOTICE === "object" && AMAN_NOTICE;
  if (notice) {
    var place = document.getElementById("notice");
    place.textContent = notice[document.documentElement.lang] || notice.en;
    place.hidden = false;
  }
  var A = window.Aman;
  if (!A || !A.draw) return; // a page without charts
  var D = A.data, h = A.h, say = A.say, chosen = new Map(); // attribute -> value
  var head = document.getElementById("view"), panels = D.panels.map(function (p, i) {
    p.id = "p" + i;
    p.place = document.getElementById(p.id);
    p.chart = p.place.querySelector(".chart");
    p.chart.hidden = false;
    p.details = p.place.querySelector("details.table");
    if (p.details) {
      p.details.hidden = p.details.open = false;
      p.details.addEventListener("toggle", function () { if (p.details.open) fill(p); });
    }
    return p;
  });
  // The line with the number is read out when it changes; it stays in its place for that.
  var total = h("p", { class: "total", role: "status" }), rest = h("div", {});
  head.append(total, rest);
  head.hidden = false;

  var state = {
    has: function (v) { return chosen.get(D.values[v].a) === v; },
    // Choosing what is chosen already takes it away.
    choose: function () {
      var values = Array.prototype.slice.call(arguments), all = values.every(state.has);
      values.forEach(function (v) {
        if (all) chosen.delete(D.values[v].a);
        else chosen.set(D.values[v].a, v);
      });
      moved();
    },
    draw: draw,
  };

  // The address: #column=code&column=code, by name, so that a link outlives a new edition.
  function write() {
    var parts = [];
    chosen.forEach(function (v, a) { parts.push(encodeURIComponent(D.attrs[a].c) + "=" + encodeURIComponent(D.values[v].v)); });
    return parts.join("&");
  }
  function read() {
    chosen.clear();
    location.hash.slice(1).split("&").forEach(function (part) {
      var at = part.indexOf("=");
      if (at < 0) return;
      var column, code;
      try {
        column = decodeURIComponent(part.slice(0, at));
        code = decodeURIComponent(part.slice(at + 1));
      } catch (e) {
        return;
      }
      D.values.forEach(function (value, v) {
        if (value.v === code && D.attrs[value.a].c === column) chosen.set(value.a, v);
      });
    });
  }
  function moved() {
    history.replaceState(null, "", "#" + write());
    draw();
  }

  var view, results = {};
  function draw() {
    var start = performance.now(), key = document.activeElement && document.activeElement.getAttribute("data-key");
    view = A.view(Array.from(chosen.values()));
    panels.forEach(function (p) {
      var r = (results[p.id] = A.draw[p.kind](p, view, state));
      p.chart.replaceChildren(source(r));
      r.nodes.forEach(function (e) { if (e) p.chart.append(e); });
      if (p.details && p.details.open) fill(p);
    });
    above();
    if (key) {
      var again = document.querySelector('[data-key="' + CSS.escape(key) + '"]');
      (again || document.getElementById("main")).focus({ preventScroll: true });
    }
    document.querySelectorAll("a[data-keep]").forEach(function (a) { a.hash = write(); });
    A.milliseconds = performance.now() - start;
  }

  function fill(p) { p.details.querySelector("tbody").replaceChildren.apply(p.details.querySelector("tbody"), A.table(p, results[p.id], state)); }

  // Which numbers a chart shows.
  function source(r) {
    if (D.kind !== "dp") return h("p", { class: "source" }, say("from.file"));
    var beyond = r.pairs ? r.pairs.beyond : r.cells.some(function (c) { return c.beyond; });
    return h("p", { class: beyond ? "source rows" : "source" }, beyond ? say("from.rows", { reach: A.num(D.reach) }) : say("from.counts"));
  }

  function above() {
    var c = view.total, big = A.shown(c), dp = D.kind === "dp", parts = [];
    total.replaceChildren.apply(total, listed(h("strong", {}, big === null ? say("fewer", { k: A.num(D.k) }) : A.num(big)), " ",
      c.beyond ? (dp ? say("synthetic") : say("records")) : say("people"),
      c.beyond || c.small ? null : [" ", h("bdi", { dir: "ltr", class: "interval" }, "(" + A.intervalText(c) + ")")],
      c.beyond ? null : [" · ", h("span", { class: "syn" }, A.recordsText(c)), " " + say("synthetic")]));
    if (chosen.size) {
      var list = h("ul", { class: "chosen", "aria-label": say("chosen") });
      chosen.forEach(function (v, a) {
        var name = A.valueLabel(v), column = A.label(D.attrs[a].l);
        if (A.label(D.values[v].l) !== column) name = column + ": " + name;
        list.append(h("li", {}, h("button", { type: "button", "data-key": "chip:" + v, "aria-label": say("remove", { what: name }), on: function () { state.choose(v); } }, name, h("span", { "aria-hidden": "true" }, " ×"))));
      });
      list.append(h("li", {}, h("button", { type: "button", class: "clear", on: function () { chosen.clear(); moved(); } }, say("clear"))));
      parts.push(list);
    } else {
      parts.push(h("p", { class: "hint" }, say("nothing")));
    }
    if (dp) {
      parts.push(h("p", { class: "legend", "aria-hidden": "true" }, ["bar", "unsure", "whisker", "tick"].map(function (k) { return h("span", {}, h("i", { class: "key key-" + k }), say("legend." + k)); })));
    }
    parts.push(h("p", { class: "acts" },
      h("button", { type: "button", "data-key": "link", on: copy }, say("link")),
      h("button", { type: "button", "data-key": "csv", on: download }, say("csv")),
      h("button", { type: "button", "data-key": "print", on: function () { window.print(); } }, say("print"))));
    rest.replaceChildren.apply(rest, parts);
  }

  // The arguments without gaps, lists laid flat.
  function listed() { return Array.prototype.slice.call(arguments).flat().filter(function (x) { return x !== null; }); }

  function copy(e) {
    var button = e.currentTarget;
    function told(key) { button.textContent = say(key); }
    if (!navigator.clipboard) return told("address");
    navigator.clipboard.writeText(location.href).then(function () { told("copied"); }, function () { told("address"); });
  }

  // The numbers of all charts as they stand, small ones left out as they are on the page.
  function csv() {
    function quote(s) { return '"' + String(s).replace(/"/g, '""') + '"'; }
    var lines = ["chart,column,code,column_to,code_to,estimate,low_95,high_95,records,smallest_published,filter"], filter = decodeURIComponent(write());
    panels.forEach(function (p) {
      results[p.id].cells.forEach(function (c) {
        var v = c.v === undefined ? c.from : c.v, has = !c.beyond && !c.small, to = c.to === undefined ? ["", ""] : [D.attrs[D.values[c.to].a].c, D.values[c.to].v];
        lines.push([p.kind, D.attrs[D.values[v].a].c, D.values[v].v, to[0], to[1], has ? c.est : "", has ? c.low : "", has ? c.high : "", c.syn < D.k ? "" : c.syn, D.k, filter].map(quote).join(","));
      });
    });
    return lines.join("\r\n") + "\r\n";
  }
  A.csv = csv;
  function download() {
    var link = h("a", { href: URL.createObjectURL(new Blob([csv()], { type: "text/csv" })), download: "view.csv" });
    link.click();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 10000);
  }

  window.addEventListener("hashchange", function () { read(); draw(); });
  A.state = state;
  read();
  draw();
})();

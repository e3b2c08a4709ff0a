/* The numbers: which records pass the choices (bit sets), and which estimate belongs to a combination. No document here. */
(function () {
  "use strict";
  var D = AMAN_DATA, n = D.rows, words = (n + 31) >>> 5;
  var A = window.Aman = { data: D };

  function bytes(base64) {
    var s = atob(base64), out = new Uint8Array(s.length);
    for (var i = 0; i < s.length; i++) out[i] = s.charCodeAt(i);
    return out;
  }

  // Codes of each attribute, one a record; 0 is not recorded.
  var codes = D.attrs.map(function (a) {
    var b = bytes(a.d);
    if (a.w === 8) return b;
    if (a.w === 16) return new Uint16Array(b.buffer);
    var out = new Uint8Array(n);
    for (var r = 0; r < n; r++) out[r] = (b[r >> 3] >> (r & 7)) & 1;
    return out;
  });

  // One bit a record for each value, made when first asked for.
  var sets = new Array(D.values.length);
  function setOf(value) {
    if (sets[value]) return sets[value];
    var a = D.values[value].a, code = value - D.attrs[a].first + 1, c = codes[a], out = new Uint32Array(words);
    for (var r = 0; r < n; r++) if (c[r] === code) out[r >>> 5] |= 1 << (r & 31);
    return (sets[value] = out);
  }

  var everybody = new Uint32Array(words);
  for (var r = 0; r < n; r++) everybody[r >>> 5] |= 1 << (r & 31);

  function ones(x) {
    x -= (x >>> 1) & 0x55555555;
    x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
    return (((x + (x >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
  }

  function size(mask) {
    var s = 0;
    for (var i = 0; i < words; i++) s += ones(mask[i]);
    return s;
  }

  // The records that have all of these values.
  function passing(values) {
    if (!values.length) return everybody;
    var out = setOf(values[0]).slice();
    for (var k = 1; k < values.length; k++) {
      var s = setOf(values[k]);
      for (var i = 0; i < words; i++) out[i] &= s[i];
    }
    return out;
  }

  function eachRecord(mask, f) {
    for (var i = 0; i < words; i++) {
      for (var w = mask[i]; w; w &= w - 1) f((i << 5) + 31 - Math.clz32(w & -w));
    }
  }

  // Bit sets are faster for a few codes, a walk over the records for many.
  function tally(attr, mask) {
    var a = D.attrs[attr], out = new Array(a.size).fill(0);
    if (a.size > 12) {
      var c = codes[attr];
      eachRecord(mask, function (r) { out[c[r]]++; });
      return out;
    }
    var rest = size(mask);
    for (var k = 1; k < a.size; k++) {
      var s = setOf(a.first + k - 1), x = 0;
      for (var i = 0; i < words; i++) x += ones(mask[i] & s[i]);
      out[k] = x;
      rest -= x;
    }
    out[0] = rest;
    return out;
  }

  // Published counts by combination: a number made of its values, ascending.
  var base = D.values.length + 1, counts = new Map();
  function key(values) {
    var v = values.slice().sort(function (a, b) { return a - b; }), k = 0;
    for (var i = 0; i < v.length; i++) k = k * base + v[i] + 1;
    return k;
  }
  D.counts.forEach(function (list, i) {
    var length = i + 1, step = length + 3;
    for (var at = 0; at < list.length; at += step) {
      counts.set(key(list.slice(at, at + length)), [list[at + length], list[at + length + 1], list[at + length + 2]]);
    }
  });

  // Whether combinations of these values' columns are published at all: not too many, nor in too large a table.
  function reported(values) {
    if (D.kind !== "dp" || values.length > D.reach) return false;
    return values.reduce(function (cells, v) { return cells * D.attrs[D.values[v].a].size; }, 1) <= D.cells;
  }

  // What is known of a combination: est, low, high where it is published; beyond where it cannot be. One that
  // could be and is not there is small.
  function known(values) {
    if (!reported(values)) return { beyond: true };
    if (!values.length) return { est: D.people[0], low: D.people[1], high: D.people[2] };
    var c = counts.get(key(values));
    return c ? { est: c[0], low: c[1], high: c[2] } : { small: true };
  }

  // All that a view shows, for choices (one value an attribute).
  A.view = function (choices) {
    var all = choices.slice(), mask = passing(all), masks = {}, tallies = {};
    function without(attrs) {
      var left = all.filter(function (v) { return attrs.indexOf(D.values[v].a) < 0; });
      if (left.length === all.length) return { values: all, mask: mask };
      var name = left.join(",");
      return masks[name] || (masks[name] = { values: left, mask: passing(left) });
    }
    function cell(values, records) {
      var c = known(values);
      c.syn = records;
      return c;
    }
    return {
      total: cell(all, size(mask)),
      // The number of a value under the choices in all other attributes.
      value: function (v) {
        var a = D.values[v].a, w = without([a]);
        var t = tallies[a] || (tallies[a] = tally(a, w.mask));
        return cell(w.values.concat([v]), t[v - D.attrs[a].first + 1]);
      },
      missing: function (attr) {
        var w = without([attr]);
        return (tallies[attr] || (tallies[attr] = tally(attr, w.mask)))[0];
      },
      // Pairs of two attributes that some record has.
      pairs: function (from, to) {
        var w = without([from, to]), nt = D.attrs[to].size, sums = new Int32Array(D.attrs[from].size * nt), cf = codes[from], ct = codes[to], out = [];
        eachRecord(w.mask, function (r) { sums[cf[r] * nt + ct[r]]++; });
        for (var f = 1; f < D.attrs[from].size; f++) {
          for (var t = 1; t < nt; t++) {
            if (!sums[f * nt + t]) continue; // an estimate without a single record is not worth a walk over all pairs
            var v = [D.attrs[from].first + f - 1, D.attrs[to].first + t - 1], c = cell(w.values.concat(v), sums[f * nt + t]);
            c.from = v[0];
            c.to = v[1];
            if (A.shown(c) !== null) out.push(c);
          }
        }
        out.beyond = !reported(w.values.concat([D.attrs[from].first, D.attrs[to].first]));
        return out;
      },
    };
  };

  // The number that a bar stands for: the estimate, the records where there is none, or null for what is too small to tell.
  A.shown = function (c) {
    if (!c.beyond) return c.small ? null : c.est;
    return c.syn < D.k ? null : c.syn;
  };
})();

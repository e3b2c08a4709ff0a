package xlsform

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// parseParameters reads "key=value key2=value2"; commas and semicolons separate
// too. Keys and values are made lower case, except the values of label and
// value, which name columns of a file.
func parseParameters(s string) (map[string]string, bool) {
	out := map[string]string{}
	words := parameterWords(s)
	if len(words)%3 != 0 {
		return out, false
	}
	for i := 0; i < len(words); i += 3 {
		key, value := strings.ToLower(words[i]), words[i+2]
		if words[i] == "=" || words[i+1] != "=" || value == "=" {
			return map[string]string{}, false
		}
		if key != "label" && key != "value" {
			value = strings.ToLower(value)
		}
		out[key] = value
	}
	return out, true
}

func parameterWords(s string) []string {
	var words []string
	for s != "" {
		i := strings.IndexFunc(s, func(r rune) bool { return r == '=' || isParameterSpace(r) })
		switch {
		case i < 0:
			return append(words, s)
		case i > 0:
			words = append(words, s[:i])
		case s[0] == '=':
			words = append(words, "=")
			i = 1
		default:
			i = len(s) - len(strings.TrimLeftFunc(s, isParameterSpace))
		}
		s = s[i:]
	}
	return words
}

func isParameterSpace(r rune) bool { return r == ',' || r == ';' || isSpace(r) }

// accept reports parameters that the type does not have.
func (rr *rowReader) accept(names string) {
	known := words(names)
	var extra []string
	for _, k := range keys(rr.params) {
		if !known[k] {
			extra = append(extra, k)
			delete(rr.params, k)
		}
	}
	if len(extra) > 0 {
		rr.report("parameter-unknown", rr.at("parameters"), "names", strings.Join(extra, ", "), "accepted", strings.Join(keys(known), ", "))
	}
}

// oneOf reports a parameter whose value is not one of those; ok is false if the
// parameter is absent or wrong.
func (rr *rowReader) oneOf(name string, values ...string) (value string, ok bool) {
	value, ok = rr.params[name]
	if !ok {
		return "", false
	}
	for _, v := range values {
		if v == value {
			return value, true
		}
	}
	rr.report("parameter-value", rr.at("parameters"), "name", name, "value", value, "accepted", strings.Join(values, ", "))
	return value, false
}

// integer reads a parameter that is a whole number.
func (rr *rowReader) integer(name string) (value int64, ok bool) {
	text, ok := rr.params[name]
	if !ok {
		return 0, false
	}
	if !integerRule.MatchString(text) {
		rr.report("parameter-integer", rr.at("parameters"), "name", name, "value", text)
		return 0, false
	}
	value, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 10, 64)
	return value, err == nil
}

var (
	integerRule = regexp.MustCompile(`^[+-]?\d+(_\d+)*$`)
	decimalRule = regexp.MustCompile(`^[+-]?(\d+(_\d+)*\.?(\d+(_\d+)*)?|\.\d+(_\d+)*)(e[+-]?\d{1,4})?$`)
	wordRule    = regexp.MustCompile(`^[+-]?(inf|infinity|nan)$`)
)

// isFloat reports whether s, in lower case, is a number for a computer.
func isFloat(s string) bool { return decimalRule.MatchString(s) || wordRule.MatchString(s) }

func (rr *rowReader) float(name string) (value string, ok bool) {
	value, ok = rr.params[name]
	if ok && !isFloat(value) {
		rr.report("parameter-number", rr.at("parameters"), "name", name, "value", value)
		return "", false
	}
	return value, ok
}

func (rr *rowReader) parameterAttrs() Attrs {
	var a Attrs
	for _, k := range keys(rr.params) {
		a.set(k, rr.params[k])
	}
	return a
}

func (rr *rowReader) textQuestion(it *Item) {
	rr.accept("rows")
	if _, ok := rr.integer("rows"); ok {
		it.Control.set("rows", rr.params["rows"])
	}
}

func (rr *rowReader) photoQuestion(it *Item) {
	const prefix = "jr://images/"
	if it.Default != "" && !strings.Contains(it.Default, prefix) {
		it.Default = prefix + it.Default
	}
	rr.accept("app max-pixels")
	if _, ok := rr.params["max-pixels"]; !ok {
		rr.report("photo-size", rr.at("parameters"))
	} else if _, ok := rr.integer("max-pixels"); ok {
		it.Bind.set("orx:max-pixels", rr.params["max-pixels"])
	}
	app, ok := rr.params["app"]
	if appearance := it.Control.Get("appearance"); ok && (appearance == "" || appearance == "annotate") {
		if !packageRule.MatchString(app) {
			rr.report("app-package", rr.at("parameters"), "value", app)
		}
		it.Control.set("intent", app)
	}
}

var packageRule = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]*(\.[a-zA-Z][a-zA-Z0-9_]*)+$`)

func (rr *rowReader) audioQuestion(it *Item) {
	rr.accept("quality")
	if q, ok := rr.oneOf("quality", "voice-only", "low", "normal", "external"); ok {
		it.Bind.set("odk:quality", q)
	}
}

func (rr *rowReader) backgroundAudio(it *Item) {
	rr.accept("quality")
	q, _ := rr.oneOf("quality", "voice-only", "low", "normal")
	it.actions = append(it.actions, action{name: "odk:recordaudio", event: eventLoad, quality: q})
}

func (rr *rowReader) startGeopoint(it *Item) {
	it.actions = append(it.actions, action{name: "odk:setgeopoint", event: eventFirstLoad})
}

func (rr *rowReader) backgroundGeopoint(it *Item) {
	if len(it.Trigger) == 0 {
		rr.report("geopoint-trigger", rr.at("trigger"))
	}
	if it.Bind.Has("calculate") {
		rr.report("geopoint-calc", rr.at("bind", "calculate"))
	}
}

func (rr *rowReader) geoQuestion(it *Item) {
	if it.Type == "geopoint" {
		rr.accept("allow-mock-accuracy capture-accuracy reference-geometry warning-accuracy")
		if v, ok := rr.float("capture-accuracy"); ok {
			it.Control.set("accuracyThreshold", v)
		}
		if v, ok := rr.float("warning-accuracy"); ok {
			it.Control.set("unacceptableAccuracyThreshold", v)
		}
	} else {
		rr.accept("allow-mock-accuracy incremental reference-geometry")
		if v, ok := rr.params["incremental"]; ok {
			if !yesNo[v] {
				rr.report("parameter-value", rr.at("parameters"), "name", "incremental", "value", v, "accepted", "true")
			}
			it.Control.set("incremental", "true")
		}
	}
	if v, ok := rr.oneOf("allow-mock-accuracy", "true", "false"); ok {
		it.Bind.set("odk:allow-mock-accuracy", v)
	}
	if v, ok := rr.params["reference-geometry"]; ok {
		it.ListName = v
		rr.geometries = append(rr.geometries, usage{v, rr.at("parameters")})
	}
}

// audit reads an audit row: it goes into the meta group.
func (rr *rowReader) audit() {
	if name := rr.r.str("name"); name != "" && name != "audit" {
		rr.report("audit-name", rr.at("name"))
	}
	it := rr.item(KindQuestion, "audit", "audit")
	rr.fillDefault(it)
	rr.accept("identify-user location-max-age location-min-interval location-priority track-changes track-changes-reasons")
	for _, p := range [...]struct {
		name   string
		values []string
	}{
		{"track-changes", []string{"true", "false"}},
		{"track-changes-reasons", []string{"on-form-edit"}},
		{"identify-user", []string{"true", "false"}},
	} {
		if v, ok := rr.oneOf(p.name, p.values...); ok {
			it.Bind.set("odk:"+p.name, v)
		}
	}
	rr.auditLocation(it)
	rr.fillType(it)
	rr.meta = append(rr.meta, it)
}

func (rr *rowReader) auditLocation(it *Item) {
	names := [...]string{"location-priority", "location-min-interval", "location-max-age"}
	var missing []string
	for _, n := range names {
		if _, ok := rr.params[n]; !ok {
			missing = append(missing, n)
		}
	}
	if len(missing) == len(names) {
		return
	}
	if len(missing) > 0 {
		rr.report("audit-location", rr.at("parameters"), "missing", strings.Join(missing, ", "))
		return
	}
	rr.oneOf("location-priority", "no-power", "low-power", "balanced", "high-accuracy")
	interval, ok1 := rr.integer("location-min-interval")
	age, ok2 := rr.integer("location-max-age")
	least := func(ok bool, name string, value, least int64) {
		if ok && value < least {
			rr.report("parameter-least", rr.at("parameters"), "name", name, "least", strconv.FormatInt(least, 10))
		}
	}
	least(ok1, "location-min-interval", interval, 0)
	least(ok2, "location-max-age", age, 0)
	least(ok1 && ok2, "location-max-age", age, interval)
	for _, n := range names {
		it.Bind.set("odk:"+n, rr.params[n])
	}
}

// decimal reads a parameter as an exact number; nil if it is absent or no number.
func (rr *rowReader) decimal(name string) *big.Rat {
	text, ok := rr.params[name]
	if !ok {
		return nil
	}
	n := parseDecimal(text)
	if n == nil {
		rr.report("parameter-number", rr.at("parameters"), "name", name, "value", text)
	}
	return n
}

func parseDecimal(text string) *big.Rat {
	if len(text) > 100 || !decimalRule.MatchString(strings.ToLower(text)) {
		return nil
	}
	n, ok := new(big.Rat).SetString(strings.ReplaceAll(text, "_", ""))
	if !ok {
		return nil
	}
	return n
}

// rangeNumbers are the numbers of a range question, exact.
type rangeNumbers struct{ start, end, step, tick, mark *big.Rat }

func (rr *rowReader) rangeQuestion(it *Item) {
	rr.accept("end placeholder start step tick_interval tick_labelset")
	appearance := it.Control.Get("appearance")
	if appearance != "" && !strings.Contains(appearance, "vertical") && !strings.Contains(appearance, "no-ticks") {
		for _, k := range [...]string{"tick_interval", "placeholder", "tick_labelset"} {
			if _, ok := rr.params[k]; ok {
				rr.report("range-appearance", rr.at("control", "appearance"), "appearance", appearance)
			}
		}
	}
	for k, v := range map[string]string{"start": "1", "end": "10", "step": "1"} {
		if _, ok := rr.params[k]; !ok {
			rr.params[k] = v
		}
	}
	n := rangeNumbers{rr.decimal("start"), rr.decimal("end"), rr.decimal("step"), rr.decimal("tick_interval"), rr.decimal("placeholder")}
	if n.start == nil || n.end == nil || n.step == nil {
		return
	}
	rr.checkRange(n)
	if list := rr.params["tick_labelset"]; list != "" {
		rr.checkTicks(n, list, strings.Contains(appearance, "no-ticks"))
		it.ListName = list
	}
	for _, x := range [...]*big.Rat{n.start, n.end, n.step, n.tick, n.mark} {
		if x != nil && !x.IsInt() {
			it.Bind.set("type", "decimal")
		}
	}
	for _, p := range [...]struct{ from, to string }{
		{"start", "start"}, {"end", "end"}, {"step", "step"}, {"tick_interval", "odk:tick-interval"}, {"placeholder", "odk:placeholder"},
	} {
		if v, ok := rr.params[p.from]; ok {
			it.Control.set(p.to, v)
			it.Parameters.set(p.to, v)
		}
	}
}

func multiple(a, of *big.Rat) bool {
	return of.Sign() != 0 && new(big.Rat).Quo(a, of).IsInt()
}

func (n rangeNumbers) inside(x *big.Rat) bool {
	low, high := n.start, n.end
	if low.Cmp(high) > 0 {
		low, high = high, low
	}
	return x.Cmp(low) >= 0 && x.Cmp(high) <= 0
}

func (rr *rowReader) checkRange(n rangeNumbers) {
	at := rr.at("parameters")
	width := new(big.Rat).Sub(n.end, n.start)
	width.Abs(width)
	for _, p := range [...]struct {
		name  string
		value *big.Rat
	}{{"step", n.step}, {"tick_interval", n.tick}} {
		if p.value == nil {
			continue
		}
		if p.value.Sign() == 0 {
			rr.report("range-zero", at, "name", p.name)
		}
		if p.value.Cmp(width) > 0 {
			rr.report("range-wide", at, "name", p.name)
		}
	}
	if n.tick != nil && !multiple(n.tick, n.step) {
		rr.report("range-multiple", at, "name", "tick_interval")
	}
	if n.mark != nil {
		if !multiple(new(big.Rat).Sub(n.mark, n.start), n.step) {
			rr.report("range-multiple", at, "name", "placeholder")
		}
		if !n.inside(n.mark) {
			rr.report("range-outside", at, "name", "placeholder")
		}
	}
}

// checkTicks checks the choices that label the ticks of a range.
func (rr *rowReader) checkTicks(n rangeNumbers, name string, noTicks bool) {
	list := rr.lists[name]
	if list == nil {
		rr.report("range-list", rr.at("parameters"), "value", name)
		return
	}
	stepName, step := "step", n.step
	if n.tick != nil && n.tick.Sign() != 0 {
		stepName, step = "tick_interval", n.tick
	}
	distinct := map[string]bool{}
	for _, ch := range list.Choices {
		at := rr.choices.place(ch.Row, "name")
		x := parseDecimal(ch.Name)
		switch {
		case x == nil:
			rr.report("range-tick-number", at, "choice", ch.Name)
			continue
		case !n.inside(x):
			rr.report("range-tick-out", at, "choice", ch.Name)
		case !multiple(new(big.Rat).Sub(x, n.start), step) || !multiple(new(big.Rat).Sub(x, n.start), n.step):
			rr.report("range-tick-step", at, "choice", ch.Name, "name", stepName)
		}
		distinct[x.RatString()] = true
	}
	if !noTicks {
		return
	}
	if len(distinct) > 2 {
		rr.report("range-tick-many", rr.at("parameters"))
	} else if ends := map[string]bool{n.start.RatString(): true, n.end.RatString(): true}; len(distinct) != len(ends) || !distinct[n.start.RatString()] || !distinct[n.end.RatString()] {
		rr.report("range-tick-ends", rr.at("parameters"))
	}
}

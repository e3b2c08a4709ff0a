package xlsform

import (
	"sort"
	"strings"
)

// Questions that are not selects: their type, default and trigger.

func (rr *rowReader) question(typ, name string) {
	rr.questions[name] = true
	if externalTypes[typ] {
		base, _ := splitExt(name)
		rr.instances[base] = true
		rr.append(rr.item(KindExternal, typ, name))
		return
	}
	if command, list, other, ok := parseSelect(typ); ok {
		rr.selectQuestion(command, list, other, name)
		return
	}
	it := rr.item(KindQuestion, typ, name)
	rr.fillDefault(it)
	if handle, ok := typeHandlers[typ]; ok {
		handle(rr, it)
	} else if i := strings.Index(typ, "osm "); i >= 0 {
		rr.osmTags(it, typ[i+len("osm "):])
	}
	rr.fillType(it)
	rr.append(it) // even without a type, so that references to it are not reported too
}

// typeHandlers do what is special about a type, mostly its parameters.
var typeHandlers map[string]func(*rowReader, *Item)

func init() {
	typeHandlers = map[string]func(*rowReader, *Item){
		"range": (*rowReader).rangeQuestion, "text": (*rowReader).textQuestion, "photo": (*rowReader).photoQuestion,
		"audio": (*rowReader).audioQuestion, "background-audio": (*rowReader).backgroundAudio,
		"geopoint": (*rowReader).geoQuestion, "geotrace": (*rowReader).geoQuestion, "geoshape": (*rowReader).geoQuestion,
		"start-geopoint": (*rowReader).startGeopoint, "background-geopoint": (*rowReader).backgroundGeopoint,
	}
}

// fillType adds what the question type brings: body element, data type, hint.
// It reports a type that does not exist.
func (rr *rowReader) fillType(it *Item) {
	q, ok := questionTypes[it.Type]
	if !ok {
		if it.Type == "include" {
			rr.report("type-include", rr.at("type"))
		} else {
			rr.report("type-unknown", rr.at("type"), "type", it.Type, "similar", suggestType(it.Type))
		}
		return
	}
	if (q.tag == "select" || q.tag == "select1" || q.tag == rankTag) && it.ListName == "" {
		rr.report("type-list", rr.at("type"), "type", it.Type)
		return
	}
	it.tag = q.tag
	given := it.Bind
	it.Bind = append(Attrs(nil), q.bind...)
	for _, a := range given {
		it.Bind.setText(a.Name, a.Value)
	}
	if q.mediatype != "" && !it.Control.Has("mediatype") {
		it.Control.set("mediatype", q.mediatype)
	}
	if it.Hint.Empty() {
		it.Hint = Text{Plain: q.hint}
	}
	it.blankLabel()
}

// blankLabel gives a space for a label to what has the appearance "label", which
// labels the choices of a table and may have none of its own.
func (it *Item) blankLabel() {
	if it.Label.Empty() && it.Control.Get("appearance") == "label" {
		it.Label = Text{Plain: " "}
	}
}

const rankTag = "odk:rank"

var commonTypes = append(strings.Fields(`text integer decimal range note calculate hidden date time dateTime geopoint geotrace
	geoshape image audio video file barcode acknowledge rank audit start end today deviceid username email
	phonenumber start-geopoint background-geopoint background-audio csv-external xml-external select_one
	select_multiple select_one_from_file select_multiple_from_file begin_group end_group begin_repeat end_repeat osm`),
	"begin group", "end group", "begin repeat", "end repeat")

func init() { sort.Strings(commonTypes) }

func suggestType(typ string) string {
	if word, _, ok := strings.Cut(typ, " "); ok && !strings.HasPrefix(typ, "begin") && !strings.HasPrefix(typ, "end") {
		typ = word
	}
	return suggest(typ, commonTypes)
}

// fillDefault reads the default: a value, or an expression that is set when the
// form opens and, in a repeat, when an entry is added.
func (rr *rowReader) fillDefault(it *Item) {
	it.Default = rr.r.str("default")
	if !isDynamic(it.Default, it.Type) {
		return
	}
	it.dynamic = true
	it.actions = append(it.actions, action{name: "setvalue", event: eventFirstLoad})
	if rr.inRepeat() {
		it.actions = append(it.actions, action{name: "setvalue", event: eventNewRepeat})
	}
}

const (
	eventFirstLoad    = "odk-instance-first-load"
	eventLoad         = "odk-instance-load"
	eventNewRepeat    = "odk-new-repeat"
	eventValueChanged = "xforms-value-changed"
)

// readTrigger reads the names of the questions whose change sets this row's.
func (rr *rowReader) readTrigger() (names []string) {
	text := rr.r.str("trigger")
	if text == "" {
		return nil
	}
	at := rr.at("trigger")
	if len(text) < 3 || !strings.Contains(text, "${") {
		rr.report("reference-syntax", at, "text", text)
		return nil
	}
	for part := range strings.SplitSeq(text, ",") {
		refs, ok := parseRefs(part)
		if !ok {
			rr.report("reference-syntax", at, "text", text)
			return nil
		}
		if len(refs) > 1 {
			rr.report("trigger-comma", at)
			return nil
		}
		for _, r := range refs {
			names = append(names, r.name)
			rr.triggers = append(rr.triggers, usage{r.name, at})
		}
	}
	return names
}

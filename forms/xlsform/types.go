package xlsform

import "strings"

// questionType is what a type of question stands for in an XForm.
type questionType struct {
	tag       string // element in the body; "" for none
	mediatype string
	bind      Attrs
	hint      string
}

// typeAliases are replaced before anything else looks at the type.
var typeAliases = map[string]string{
	"imei": "deviceid", "image": "photo", "add image prompt": "photo", "add photo prompt": "photo",
	"add audio prompt": "audio", "add video prompt": "video", "add file prompt": "file",
}

// typeTable lists the question types. Columns: body element, data type, names
// (separated by |), and what else the bind says. Old names are kept because old
// forms use them.
var typeTable = []struct {
	tag, data, names string
	more             Attrs
	hint             string
}{
	{"input", "string", "text|string|q string|add text prompt|select one external", nil, ""},
	{"input", "int", "integer|int|q int|add integer prompt", nil, ""},
	{"input", "decimal", "decimal|q decimal|add decimal prompt", nil, ""},
	{"input", "date", "date|q date|add date prompt", nil, ""},
	{"input", "time", "time", nil, ""},
	{"input", "dateTime", "dateTime|datetime|date time|q dateTime|q date time|add date time prompt|add dateTime prompt", nil, ""},
	{"input", "geopoint", "geopoint|gps|location|q geopoint|q location|add location prompt", nil, ""},
	{"input", "geoshape", "geoshape|q geoshape", nil, ""},
	{"input", "geotrace", "geotrace|q geotrace", nil, ""},
	{"input", "barcode", "barcode|q barcode|add barcode prompt", nil, ""},
	{"input", "string", "note|q note|add note prompt", attrs("readonly", "true()"), ""},
	{"input", "int", "percentage", attrs("constraint", "0 <= . and . <= 100"), ""},
	{"input", "int", "number of days in last month", attrs("constraint", "0 <= . and . <= 31"), "Enter a number 0-31."},
	{"input", "int", "number of days in last six months", attrs("constraint", "0 <= . and . <= 183"), "Enter a number 0-183."},
	{"input", "int", "number of days in last year", attrs("constraint", "0 <= . and . <= 365"), "Enter a number 0-365."},
	{"input", "string", "phone number", attrs("constraint", `regex(., '^\d*$')`), "Enter numbers only."},
	{"select1", "string", "select one|select one using|q select1|add select one prompt using", nil, ""},
	{"select", "string", "select all that apply|select all that apply from|select multiple from|select multiple using|q select|add select multiple prompt using", nil, ""},
	{"odk:rank", "odk:rank", "rank", nil, ""},
	{"range", "int", "range", nil, ""},
	{"trigger", "string", "acknowledge|q acknowledge|add acknowledge prompt", nil, ""},
	{"trigger", "", "trigger", nil, ""},
	{"trigger", "geopoint", "background-geopoint", nil, ""},
	{"action", "geopoint", "start-geopoint", nil, ""},
	{"action", "binary", "background-audio", nil, ""},
	{"upload image/*", "binary", "photo|image|q picture|q image|add image prompt", nil, ""},
	{"upload audio/*", "binary", "audio|q audio|add audio prompt", nil, ""},
	{"upload video/*", "binary", "video|q video|add video prompt", nil, ""},
	{"upload application/*", "binary", "file|add file prompt", nil, ""},
	{"upload osm/*", "binary", "osm", nil, ""},
	{"", "string", "calculate|q calculate|add calculate prompt|hidden", nil, ""},
	{"", "binary", "audit", nil, ""},
	{"", "date", "today|get today", preload("date", "today"), ""},
	{"", "dateTime", "start|start time|get start time", preload("timestamp", "start"), ""},
	{"", "dateTime", "end|end time|get end time", preload("timestamp", "end"), ""},
	{"", "string", "deviceid|imei|device id|get device id", preload("property", "deviceid"), ""},
	{"", "string", "phonenumber|get phone number", preload("property", "phonenumber"), ""},
	{"", "string", "simserial|sim id|get sim id", preload("property", "simserial"), ""},
	{"", "string", "subscriberid|subscriber id|get subscriber id", preload("property", "subscriberid"), ""},
	{"", "string", "username", preload("property", "username"), ""},
	{"", "string", "email", preload("property", "email"), ""},
	{"", "string", "uri:deviceid", preload("property", "uri:deviceid"), ""},
	{"", "string", "uri:phonenumber", preload("property", "uri:phonenumber"), ""},
	{"", "string", "uri:simserial", preload("property", "uri:simserial"), ""},
	{"", "string", "uri:subscriberid", preload("property", "uri:subscriberid"), ""},
	{"", "string", "uri:username", preload("property", "uri:username"), ""},
	{"", "string", "uri:email", preload("property", "uri:email"), ""},
}

func attrs(pairs ...string) Attrs {
	var a Attrs
	for i := 0; i+1 < len(pairs); i += 2 {
		a.set(pairs[i], pairs[i+1])
	}
	return a
}

func preload(kind, param string) Attrs {
	return attrs("jr:preload", kind, "jr:preloadParams", param)
}

var questionTypes = func() map[string]questionType {
	m := map[string]questionType{}
	for _, row := range typeTable {
		q := questionType{hint: row.hint}
		q.tag, q.mediatype, _ = strings.Cut(row.tag, " ")
		if row.data != "" {
			q.bind = append(attrs("type", row.data), row.more...)
		}
		for name := range strings.SplitSeq(row.names, "|") {
			m[name] = q
		}
	}
	return m
}()

// controlTypes are the words after begin and end.
var controlTypes = map[string]string{
	"group": "group", "repeat": "repeat", "lgroup": "repeat", "looped group": "repeat", "loop": "loop",
}

const (
	selectOne      = "select one"
	selectMany     = "select all that apply"
	selectExternal = "select one external"
	rank           = "rank"
)

// selectCommand says what a select type means, and whether its list is a file.
type selectCommand struct {
	to   string
	file bool
}

var selectCommands = map[string]selectCommand{
	"select_one": {selectOne, false}, "select one": {selectOne, false}, "select1": {selectOne, false},
	"select one from": {selectOne, false}, "add select one prompt using": {selectOne, false},
	"select_multiple": {selectMany, false}, "select all that apply": {selectMany, false},
	"select all that apply from": {selectMany, false}, "add select multiple prompt using": {selectMany, false},
	"select_one_external":  {selectExternal, false},
	"select_one_from_file": {selectOne, true}, "select one from file": {selectOne, true},
	"select_multiple_from_file": {selectMany, true}, "select multiple from file": {selectMany, true},
	"rank": {rank, false},
}

// parseSelect reads "select_one list or_other".
func parseSelect(typ string) (command, list string, other, ok bool) {
	for _, suffix := range [...]string{" or specify other", " or_other", " or other"} {
		if rest, cut := strings.CutSuffix(typ, suffix); cut {
			if command, list, ok = splitSelect(rest); ok {
				return command, list, true, true
			}
		}
	}
	command, list, ok = splitSelect(typ)
	return command, list, false, ok
}

func splitSelect(typ string) (command, list string, ok bool) {
	i := strings.LastIndexByte(typ, ' ')
	if i < 0 || i == len(typ)-1 || strings.ContainsFunc(typ[i+1:], isSpace) {
		return "", "", false
	}
	command, list = typ[:i], typ[i+1:]
	_, ok = selectCommands[command]
	return command, list, ok
}

// parseControl reads "begin_repeat", "end group", "begin loop over list".
func parseControl(typ string) (begin, end bool, control, list string) {
	rest, begin := strings.CutPrefix(typ, "begin")
	if !begin {
		if rest, end = strings.CutPrefix(typ, "end"); !end {
			return
		}
	}
	if rest == "" || rest[0] != '_' && !isSpace(rune(rest[0])) {
		return false, false, "", ""
	}
	rest = rest[1:]
	if to, ok := controlTypes[rest]; ok {
		return begin, end, to, ""
	}
	if begin {
		for word, to := range controlTypes {
			if tail, ok := strings.CutPrefix(rest, word+" "); ok {
				if over, ok := strings.CutPrefix(tail, "over "); ok && over != "" {
					tail = over
				}
				if tail != "" && !strings.ContainsFunc(tail, isSpace) {
					return true, false, to, tail
				}
			}
		}
	}
	return false, false, "", ""
}

var metadataTypes = map[string]bool{"subscriberid": true, "simserial": true}
var externalTypes = map[string]bool{"csv-external": true, "xml-external": true}
var fileExtensions = map[string]bool{".csv": true, ".xml": true, ".geojson": true}

// splitExt splits "cities.csv" into "cities" and ".csv". Dots at the start are
// part of the name.
func splitExt(name string) (base, ext string) {
	i := strings.LastIndexByte(name, '.')
	if i <= strings.LastIndexByte(name, '/') {
		return name, ""
	}
	for j := strings.LastIndexByte(name, '/') + 1; j < i; j++ {
		if name[j] != '.' {
			return name[:i], name[i:]
		}
	}
	return name, ""
}

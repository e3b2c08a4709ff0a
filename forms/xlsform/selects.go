package xlsform

import (
	"strconv"
	"strings"
)

// selectQuestion reads "select_one list", "rank list", "select_multiple_from_file
// cities.csv or_other" and so on.
func (rr *rowReader) selectQuestion(command, list string, other bool, name string) {
	cmd := selectCommands[command]
	it := rr.item(KindQuestion, cmd.to, name)
	it.ListName = list
	rr.fillDefault(it)
	base, ext := splitExt(list)
	isFile := fileExtensions[ext]
	rr.checkList(it, command, base, isFile)
	var followUp *Item
	if other {
		followUp = rr.orOtherQuestion(it)
	}
	rr.selectParameters(it, command)
	it.query = cmd.to == selectExternal
	if rr.inTable {
		rr.tableListSelect(it, isFile)
	}
	if rr.noneOption && cmd.to == selectMany {
		rr.addNone(it)
	}
	rr.fillType(it)
	rr.append(it)
	if followUp != nil {
		rr.fillType(followUp)
		rr.append(followUp)
	}
}

// checkList reports a choice list that does not exist or cannot be used.
func (rr *rowReader) checkList(it *Item, command, base string, isFile bool) {
	at, list := rr.at("type"), it.ListName
	if it.Type == selectExternal {
		if it.ChoiceFilter == "" {
			rr.report("external-filter", rr.at("choice_filter"))
		}
		switch {
		case len(rr.external) == 0 && rr.sheets["external_choices"] == nil:
			rr.report("sheet-no-external", at, "similar", rr.similarSheets("external_choices"))
		case !rr.external[list]:
			rr.report("list-external", at, "list", list, "similar", suggest(list, keys(rr.external)))
		}
		return
	}
	rr.instances[base] = true
	if selectCommands[command].file && (!isFile || !oneSuffix(list)) {
		rr.report("file-extension", at, "list", list)
		return
	}
	if isFile {
		return
	}
	if hasRef(list) {
		if it.Type == selectMany {
			rr.report("select-reference", at)
		}
		return
	}
	if rr.lists[list] == nil {
		if len(rr.lists) == 0 {
			rr.report("sheet-no-choices", at, "list", list, "similar", rr.similarSheets("choices"))
		} else {
			rr.report("list-missing", at, "list", list, "similar", suggest(list, keys(rr.lists)))
		}
		return
	}
	if it.Type == selectMany {
		for _, ch := range rr.lists[list].Choices {
			if strings.Contains(ch.Name, " ") {
				rr.report("choice-space", rr.choices.place(ch.Row, "name"), "name", ch.Name, "list", list)
			}
		}
	}
}

// oneSuffix reports whether a file name has one extension only.
func oneSuffix(list string) bool {
	name := strings.TrimLeft(list[strings.LastIndexByte(list, '/')+1:], ".")
	return strings.Count(name, ".") == 1
}

// orOtherQuestion adds the choice "other" to the list and gives the question
// that asks what the other is.
func (rr *rowReader) orOtherQuestion(it *Item) *Item {
	rr.orOther = true
	if it.ChoiceFilter != "" {
		rr.report("other-filter", rr.at("choice_filter"))
	}
	list := rr.lists[it.ListName]
	if list == nil {
		rr.report("other-list", rr.at("type"))
		return nil
	}
	list.addOther()
	return &Item{
		Kind: KindQuestion, Type: "text", Name: it.Name + "_other", Label: Text{Plain: "Specify other."},
		Bind: attrs("relevant", "selected(../"+it.Name+", 'other')"),
	}
}

func (l *List) addOther() {
	var label Text
	seen := map[string]bool{}
	for _, ch := range l.Choices {
		if ch.Name == "other" {
			return
		}
		for _, t := range ch.Label.Langs {
			if !seen[t.Lang] {
				seen[t.Lang] = true
				label.Langs = append(label.Langs, LangText{t.Lang, "Other"})
			}
		}
	}
	if len(label.Langs) == 0 {
		label.Plain = "Other"
	}
	l.Choices = append(l.Choices, &Choice{Name: "other", Label: label})
}

func (rr *rowReader) selectParameters(it *Item, command string) {
	accepted := "randomize seed"
	if command == "select_one_from_file" || command == "select_multiple_from_file" {
		accepted = "label randomize seed value"
	}
	rr.accept(accepted)
	for _, key := range [...]string{"value", "label"} {
		if v, ok := rr.params[key]; ok && !validName(v) {
			rr.report("parameter-name", rr.at("parameters"), "name", key, "value", v)
		}
	}
	seed, seeded := rr.params["seed"]
	if _, ok := rr.params["randomize"]; ok {
		rr.oneOf("randomize", "true", "false")
		if seeded && !isRef(seed) && !isFloat(seed) {
			rr.report("seed-value", rr.at("parameters"), "value", seed)
		}
	} else if seeded {
		rr.report("seed-alone", rr.at("parameters"))
	}
	it.Parameters = rr.parameterAttrs()
}

// tableListSelect makes a select part of a table: the first one of the group is
// preceded by a row of the choice labels.
func (rr *rowReader) tableListSelect(it *Item, isFile bool) {
	if rr.tableList == "" {
		rr.tableList = it.ListName
		if it.ChoiceFilter != "" {
			rr.report("table-list-filter", rr.at("choice_filter"))
		}
		if isFile || rr.lists[it.ListName] == nil {
			rr.report("table-list-file", rr.at("type"))
		}
		header := &Item{
			Kind: KindQuestion, Type: it.Type, Name: "reserved_name_for_field_list_labels_" + strconv.Itoa(rr.r.number),
			Control: attrs("appearance", "label"), ListName: it.ListName, Row: rr.r.number,
		}
		rr.fillType(header)
		rr.append(header)
	}
	if rr.tableList != it.ListName {
		rr.report("table-list-other", rr.at("type"), "list", it.ListName, "first", rr.tableList)
	}
	it.Control.set("appearance", "list-nolabel")
}

// addNone serves the old setting add_none_option: the choice "none" excludes the others.
func (rr *rowReader) addNone(it *Item) {
	list := rr.lists[it.ListName]
	if list == nil || it.ChoiceFilter == "" && it.Parameters.Get("randomize") == "true" {
		rr.report("choice-none-option", rr.at("type"))
		return
	}
	if rr.noneLists[list.Name] {
		return
	}
	rr.noneLists[list.Name] = true
	const rule = "(.='none' or not(selected(., 'none')))"
	if own := it.Bind.Get("constraint"); own != "" {
		it.Bind.set("constraint", own+" and "+rule)
	} else {
		it.Bind.set("constraint", rule)
	}
}

// osmTags reads the tags that an osm question asks for.
func (rr *rowReader) osmTags(it *Item, list string) {
	it.Type = "osm"
	list, _, _ = strings.Cut(list, " ")
	tags, ok := rr.osm[list]
	if !ok {
		if len(rr.osm) > 0 {
			rr.report("list-osm", rr.at("type"), "list", list)
		}
		return
	}
	it.Tags = tags
}

package xlsform

import (
	"strconv"
	"strings"
)

// Groups, repeats and loops: what begin and end rows do.

func (rr *rowReader) begin(control, list, name string) {
	kind := map[string]Kind{"group": KindGroup, "loop": KindGroup, "repeat": KindRepeat}[control]
	it := rr.item(kind, control, name)
	if kind == KindRepeat {
		switch {
		case name == rr.form.Name && name != "":
			rr.report("name-repeat-root", rr.at("name"), "name", name)
		case rr.repeats[name]:
			rr.report("name-repeat-duplicate", rr.at("name"), "name", name)
		}
		rr.repeats[name] = true
		if it.Label.Empty() && rr.r.get("media") == nil {
			rr.report("label-repeat", rr.at("label"), "name", name)
		}
	}
	if control == "loop" {
		it.isLoop = true
		it.ListName = list
		if list == "" {
			rr.report("loop-list", rr.at("type"))
		} else if rr.lists[list] == nil {
			rr.report("loop-list-none", rr.at("type"), "list", list)
		}
	}
	rr.repeatCount(it)
	rr.append(it)
	note := rr.tableListGroup(it)
	if intent := rr.r.str("intent"); intent != "" {
		it.Control.set("intent", intent)
	}
	it.blankLabel()
	parent := rr.top()
	if len(rr.stack) > maxDepth {
		rr.report("form-too-deep", rr.at("type"), "most", strconv.Itoa(maxDepth))
		rr.skipped++
		return
	}
	rr.stack = append(rr.stack, &level{
		item: it, names: map[string]bool{"meta": true}, lower: map[string]bool{}, begin: rr.r,
		path: parent.path.with(name, control),
	})
	if note != nil {
		rr.append(note)
	}
}

// repeatCount gives a repeat's count an element of its own, unless it is just
// a reference.
func (rr *rowReader) repeatCount(it *Item) {
	count := it.Control.Get("jr:count")
	if count == "" || isRef(count) {
		return
	}
	node := rr.calculated(it.Name+"_count", count)
	node.Bind = append(attrs("type", "string", "readonly", "true()"), Attr{"calculate", Text{Plain: count}})
	rr.append(node)
	it.Control.set("jr:count", "${"+node.Name+"}")
}

func (rr *rowReader) calculated(name, expression string) *Item {
	return &Item{Kind: KindQuestion, Type: "calculate", Name: name, Bind: attrs("type", "string", "calculate", expression)}
}

// tableListGroup changes a group with the appearance table-list into a field
// list; its label goes into a note, which is returned.
func (rr *rowReader) tableListGroup(it *Item) *Item {
	words := strings.FieldsFunc(it.Control.Get("appearance"), isSpace)
	appearance, found := []string{"field-list"}, false
	for _, w := range words {
		if w == "table-list" {
			found = true
		} else {
			appearance = append(appearance, w)
		}
	}
	if !found {
		return nil
	}
	rr.inTable, rr.tableList = true, ""
	it.Control.set("appearance", strings.Join(appearance, " "))
	if it.Label.Empty() && it.Hint.Empty() {
		return nil
	}
	note := &Item{
		Kind: KindQuestion, Type: "note", Name: "generated_table_list_label_" + strconv.Itoa(rr.r.number),
		Label: it.Label, Hint: it.Hint, Row: rr.r.number,
	}
	it.Label, it.Hint = Text{}, Text{}
	rr.fillType(note)
	return note
}

func (rr *rowReader) end(control string) {
	if rr.skipped > 0 {
		rr.skipped--
		return
	}
	open := "no group is open"
	if len(rr.stack) > 1 {
		it := rr.top().item
		if it.Type == control {
			rr.inTable = false
			rr.close()
			return
		}
		open = "the open one is the " + it.Type + " “" + it.Name + "”"
	}
	rr.report("end-unmatched", rr.at("type"), "type", control, "open", open)
	for i := len(rr.stack) - 1; i > 0; i-- { // an end row was forgotten: go on from the group that this row ends
		if rr.stack[i].item.Type == control {
			rr.stack = rr.stack[:i]
			return
		}
	}
}

func (rr *rowReader) close() {
	it := rr.top().item
	rr.stack = rr.stack[:len(rr.stack)-1]
	if it.isLoop {
		rr.expandLoop(it)
	}
}

// inRepeat reports whether the present row is inside a repeat.
func (rr *rowReader) inRepeat() bool {
	for _, l := range rr.stack {
		if l.item.Kind == KindRepeat {
			return true
		}
	}
	return false
}

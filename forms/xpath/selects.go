package xpath

import "strings"

var selectFunctions = []Function{
	{Name: "selected", Args: "list, value", Min: 2, Max: 2, Eval: fnSelected,
		Doc: "Whether the value is one of the space-separated list."},
	{Name: "is-selected", Args: "list, value", Min: 2, Max: 2, Eval: fnSelected, Doc: "An older name of selected."},
	{Name: "selected-at", Args: "list, index", Min: 2, Max: 2, Eval: fnSelectedAt,
		Doc: "The item of the space-separated list at the index (0 first), or nothing."},
	{Name: "count-selected", Args: "list", Min: 1, Max: 1, Eval: fnCountSelected,
		Doc: "How many items the space-separated list has."},
}

func (a *Arguments) items(i int) []string { return strings.Fields(a.Text(i)) }

func fnSelected(a *Arguments) Value {
	want := trimSpace(a.Text(1))
	for _, item := range a.items(0) {
		if item == want {
			return BooleanValue(true)
		}
	}
	// An empty value is "in" any list in both engines, because they look for it between separators; a list never holds
	// an empty item, so only an empty list can be meant.
	return BooleanValue(want == "" && len(a.items(0)) == 0)
}

func fnSelectedAt(a *Arguments) Value {
	items, i := a.items(0), toInt32(a.Number(1))
	if i < 0 || i >= len(items) {
		return StringValue("")
	}
	return StringValue(items[i])
}

func fnCountSelected(a *Arguments) Value { return NumberValue(float64(len(a.items(0)))) }

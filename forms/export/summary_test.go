package export

import (
	"fmt"
	"strings"
	"testing"
)

func TestSummarise(t *testing.T) {
	l := layout(t)
	var bodies []string
	for i := range 100 {
		b := strings.NewReplacer("<age>34<", fmt.Sprintf("<age>%d<", 18+i%50), "food water", []string{"food", "water", "food water", "", "odd"}[i%5], "<left>2026-01-01<", fmt.Sprintf("<left>2026-01-%02d<", 1+i%28)).Replace(answers)
		bodies = append(bodies, b)
	}
	list, err := l.Summarise(Options{}, one(meta, append(bodies, "<data><age>old</age></data>")...))
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]Summary{}
	for _, s := range list {
		by[s.Field.Name] = s
	}
	if _, ok := by["name"]; ok {
		t.Error("a name is counted though nobody asked")
	}
	age, needs, left, why := by["age"], by["needs"], by["left"], by["why"]
	sum := 0
	for _, b := range age.Bars {
		sum += b.Count
	}
	if age.Kind != "number" || age.Least != 18 || age.Most != 67 || age.Median != 42 || sum != 100 || age.Other != 1 || age.Answered != 101 || age.Bars[0].From != 15 || age.Bars[0].To != 20 {
		t.Errorf("%+v", age)
	}
	if needs.Kind != "choice" || fmt.Sprint(needs.Bars[0].Count, needs.Bars[1].Count, needs.Other, needs.Answered) != "40 40 20 80" {
		t.Errorf("%+v", needs)
	}
	if left.Kind != "date" || left.Bars[0].Day.Weekday().String() != "Monday" || len(left.Bars) != 5 || left.Bars[0].Count != 16 {
		t.Errorf("%+v", left)
	}
	if why.Rows != 200 || why.Answered != 100 || why.Bars[0].Count != 100 {
		t.Errorf("%+v", why)
	}
	if by["place"].Kind != "text" || by["place"].Answered != 100 {
		t.Errorf("%+v", by["place"])
	}
}

package chart

import (
	"strings"
	"testing"
)

func TestBarsShowEveryFigureAndEscapeLabels(t *testing.T) {
	for _, upright := range []bool{false, true} {
		for _, rtl := range []bool{false, true} {
			b := Bars{Title: `a "title"`, Upright: upright, RTL: rtl, Limit: 25, LimitLabel: "at most 25"}
			b.Add("<b>Amna</b>", Part{Value: 3, Class: "high", Label: "High"}, Part{Value: 9, Class: "rest", Label: "Other"})
			b.Add("Bilal", Part{Value: 0, Class: "rest"})
			svg := string(b.SVG())
			for _, want := range []string{"&lt;b&gt;", "&#34;title&#34;", ">12<", ">0<", `class="part high"`} {
				if !strings.Contains(svg, want) {
					t.Errorf("upright %v, right to left %v: %s is missing", upright, rtl, want)
				}
			}
			if strings.Contains(svg, "style=") || strings.Contains(svg, "<b>") {
				t.Error("an inline style or an unescaped label would break the page")
			}
			if len(b.Legend()) != 2 {
				t.Errorf("the legend has %d entries, want 2", len(b.Legend()))
			}
		}
	}
}

func TestBarsStayInTheField(t *testing.T) {
	b := Bars{RTL: true}
	b.Add("x", Part{Value: 1000, Class: "rest"})
	if strings.Contains(string(b.SVG()), `x="-`) {
		t.Error("a bar leaves the field")
	}
	if empty := (&Bars{}); !empty.Empty() {
		t.Error("a chart without bars is empty")
	}
}

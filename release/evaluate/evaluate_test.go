package evaluate

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"aman/release/synth"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func rows(n int, line string) string { return strings.Repeat(line+"\n", n) }

// TestByHand: truth has A,x 12 times, A,y 10 times, B 3 times with the second column empty; the release has A,x 15 times
// and B,y 11 times.
func TestByHand(t *testing.T) {
	truth := "p,q\n" + rows(12, "A,x") + rows(10, "A,y") + rows(3, "B,")
	out := "p,q\n" + rows(15, "A,x") + rows(11, "B,y")
	c := Command{Truth: write(t, "truth.csv", truth), Synthetic: write(t, "out.csv", out), Length: 2}
	a, b, err := c.read()
	if err != nil {
		t.Fatal(err)
	}
	r, err := Tables(context.Background(), a, b, 2)
	if err != nil {
		t.Fatal(err)
	}
	// length 1: A 22->15, B 3->11, x 12->15, y 10->11. length 2: Ax 12->15, Ay 10->0, By 0->11.
	one := Score{True: 4, Released: 4, TrueBig: 3, BigOut: 4, MAEBig: (7.0 + 3 + 1) / 3, MAEUnion: (7.0 + 8 + 3 + 1) / 4}
	two := Score{True: 2, Released: 2, TrueBig: 2, Missing: 1, BigOut: 2, Invented: 1, Extra: 1, MAEBig: (3.0 + 10) / 2, MAEUnion: (3.0 + 10 + 11) / 3}
	if r.ByLength[0] != one {
		t.Errorf("length 1: %+v, want %+v", r.ByLength[0], one)
	}
	if r.ByLength[1] != two {
		t.Errorf("length 2: %+v, want %+v", r.ByLength[1], two)
	}
	if r.All.TrueBig != 5 || r.All.Missing != 1 || math.Abs(r.All.MAEBig-(7+3+1+3+10)/5.0) > 1e-12 {
		t.Errorf("all: %+v", r.All)
	}
	// TVD of p: |22/25-15/26|; of q: half of |12/25-15/26| + |10/25-11/26| + |3/25-0|
	p := math.Abs(22.0/25 - 15.0/26)
	q := (math.Abs(12.0/25-15.0/26) + math.Abs(10.0/25-11.0/26) + 3.0/25) / 2
	if math.Abs(r.TVD[0]-(p+q)/2) > 1e-12 {
		t.Errorf("TVD %v, want %v", r.TVD[0], (p+q)/2)
	}
	if b := r.ByCount[1]; b.N != 4 || b.Missing != 1 || math.Abs(b.MAE-(3+1+3+10)/4.0) > 1e-12 {
		t.Errorf("10-19: %+v", b)
	}
	got, err := Aggregates(context.Background(), a, Lookup(a, map[string]float64{
		Key([]int{1, 0}, []int{1, 1}): 15, Key([]int{0, 1}, []int{2, 2}): 11}), 2)
	if err != nil || got.ByLength[1] != two {
		t.Errorf("aggregates: %+v, %v", got.ByLength[1], err)
	}
	var text bytes.Buffer
	if err := c.Run(context.Background(), &text); err != nil || !strings.Contains(text.String(), "Do not publish") {
		t.Errorf("%v\n%s", err, text.String())
	}
}

func TestErrorsNameThePlace(t *testing.T) {
	good := write(t, "truth.csv", "p,q\nA,x\n")
	for text, want := range map[string]string{
		"":                "empty",
		"p\nA\n":          "1 columns, the true records have 2",
		"p,r\nA,x\n":      `"q" is missing`,
		"p,q\nA\n":        "line 2",
		"p,p\nA,x\n":      "twice",
		"p,q\nA,\"x\ny\n": "line",
	} {
		c := Command{Truth: good, Synthetic: write(t, "out.csv", text)}
		err := c.Run(context.Background(), &bytes.Buffer{})
		var in *InputError
		if !errors.As(err, &in) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "out.csv") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// A file against itself is perfect; any change can only lower the scores within their bounds.
func TestSelfIsPerfect(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &synth.Domain{Columns: []synth.Column{{Name: "a", Codes: []string{"1", "2"}}, {Name: "b", Codes: []string{"1"}}, {Name: "c", Codes: []string{"1", "2", "3"}}}}
		tab := d.NewTable(0)
		tab.Rows = rapid.IntRange(1, 60).Draw(t, "rows")
		for a := range tab.Attrs {
			for range tab.Rows {
				tab.Cols[a] = append(tab.Cols[a], uint16(rapid.IntRange(0, tab.Attrs[a].Size()-1).Draw(t, "code")))
			}
		}
		r, err := Tables(context.Background(), tab, tab, 3)
		if err != nil {
			t.Fatal(err)
		}
		if r.All.Missing+r.All.Invented+r.All.Extra != 0 || r.All.MAEUnion != 0 || r.TVD[2] != 0 || r.All.True != r.All.Released {
			t.Fatalf("%+v", r)
		}
	})
}

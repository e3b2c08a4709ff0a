package screening

import (
	"os"
	"testing"
)

// BenchmarkEvaluate takes one standard after the other over the facts of one scenario.
func BenchmarkEvaluate(b *testing.B) {
	lib, err := Load(os.DirFS("../packs/core"), os.DirFS("../packs/pakistan"))
	if err != nil {
		b.Fatal(err)
	}
	facts := []Fact{{Key: "act.recruitment", Value: Yes}, {Key: "means.deception", Value: Yes}, {Key: "purpose.forced_labour", Value: Yes}}
	for _, s := range lib.Standards {
		b.Run(s.ID, func(b *testing.B) {
			for b.Loop() {
				Evaluate(s, facts, Period{})
			}
		})
	}
}

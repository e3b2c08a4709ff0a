package screening_test

import (
	"fmt"
	"os"
	"time"

	"aman/screening"
)

// One standard, three facts, and what is still needed.
func Example() {
	lib, err := screening.Load(os.DirFS("../packs/core"))
	if err != nil {
		fmt.Println(err)
		return
	}
	palermo, _ := lib.Standard("palermo-trafficking")
	at := time.Date(2025, 6, 1, 10, 0, 0, 0, time.UTC)
	facts := []screening.Fact{
		{Key: "act.transfer", Value: screening.Yes, By: "cw-07", At: at, Source: "interview 9"},
		{Key: "purpose.forced_labour", Value: screening.Yes, By: "cw-07", At: at, Source: "interview 9"},
		{Key: "person.child", Value: screening.Unknown, By: "cw-07", At: at, Source: "interview 9"},
	}
	finding := screening.Evaluate(palermo, facts, screening.Period{})
	fmt.Println(finding.Text(finding.Outcome.Label, "en"))
	for _, c := range finding.Changes {
		if c.Fact == "person.child" {
			fmt.Println(finding.Text(c.Label, "en"), c.From, "->", c.To, "gives", finding.Text(c.Outcome.Label, "en"))
		}
	}
	// Output:
	// Undetermined
	// Under 18 at the time unknown -> yes gives Trafficking in persons
}

package screening

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestHostileFiles: a file made to exhaust the reader is refused at once.
func TestHostileFiles(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&bomb, "a%d: &a%d [%s*a%d]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d,", i-1), 9), i-1)
	}
	cases := map[string]string{
		"aliases that multiply":   bomb.String(),
		"an alias to itself":      "a: &a [*a]",
		"twenty thousand anchors": strings.Repeat("&a ", 20000),
		"many aliases":            "a: &a [x]\nb: [" + strings.Repeat("*a,", 1000) + "x]",
		"open brackets":           strings.Repeat("[", 20000),
		"open braces":             strings.Repeat("{a: ", 20000),
		"dashes in a line":        strings.Repeat("- ", 20000),
		"keys in a line":          strings.Repeat("? ", 20000),
		"deep JSON":               strings.Repeat("[", 20000) + strings.Repeat("]", 20000),
		"a large file":            strings.Repeat("#", maxInput+1),
	}
	lib := library(t)
	for name, data := range cases {
		t.Run(name, func(t *testing.T) {
			done := make(chan error, 1)
			go func() { _, err := lib.ReadRequest([]byte(data)); done <- err }()
			select {
			case err := <-done:
				if err == nil {
					t.Error("accepted")
				}
			case <-time.After(20 * time.Second):
				t.Fatal("the reader is still busy")
			}
		})
	}
}

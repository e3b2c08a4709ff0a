// Command convert is `aman form convert` alone, so that what is timed against
// pyxform's command is a command too.
package main

import (
	"fmt"
	"os"

	"aman/forms/xlsform"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: convert FILE")
		os.Exit(2)
	}
	os.Exit(xlsform.Convert(os.Args[1], "", "", os.Stdout, os.Stderr))
}

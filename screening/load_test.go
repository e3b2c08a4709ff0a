package screening

import (
	"os"
	"testing"
)

// library loads the packs that ship with the program.
func library(t testing.TB) *Library {
	t.Helper()
	lib, err := Load(os.DirFS("../packs/core"), os.DirFS("../packs/pakistan"))
	if err != nil {
		t.Fatal(err)
	}
	return lib
}

func TestShippedPacksLoad(t *testing.T) {
	lib := library(t)
	for _, id := range []string{"palermo-trafficking", "palermo-smuggling", "iom-assistance"} {
		if _, ok := lib.Standard(id); !ok {
			t.Errorf("standard %s is missing", id)
		}
	}
}

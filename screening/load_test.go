package screening

import (
	"os"
	"sync"
	"testing"
)

var loadShipped = sync.OnceValues(func() (*Library, error) {
	return Load(os.DirFS("../packs/core"), os.DirFS("../packs/pakistan"))
})

// library gives the packs that ship with the program. Tests only read it.
func library(t testing.TB) *Library {
	t.Helper()
	lib, err := loadShipped()
	if err != nil {
		t.Fatal(err)
	}
	return lib
}

func TestShippedPacksLoad(t *testing.T) {
	lib := library(t)
	for _, id := range []string{
		"palermo-trafficking", "palermo-smuggling", "iom-assistance", "ptpa-2018", "ptpa-2025", "psma-2018", "psma-2025",
		"ilo-eleven", "ilo-adult-labour", "ilo-child-labour", "ilo-adult-sexual", "ilo-child-sexual",
	} {
		if _, ok := lib.Standard(id); !ok {
			t.Errorf("standard %s is missing", id)
		}
	}
}

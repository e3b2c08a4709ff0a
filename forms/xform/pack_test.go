package xform_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"aman/forms/xform"
)

// atFault are the forms of the pack that are wrong in themselves, which pyxform does not see.
var atFault = map[string]string{
	"test_external_instances_multiple_diff_pulldatas":     "a text without its closing quote",
	"test_implicit_update_mode__instance_required__error": "it reads a list that it does not have",
	"test_validate_unicode_exception":                     "$(myField) is not XPath",
	"test_validate_with_more_unicode":                     "no XPath at all",
	"test_instance_id__bind_can_be_modified_with_setting": "its instances have no id",
}

// Every form of pyxform's own tests is read with its logic, and the instance it starts with
// has nothing wrong but answers that are missing.
func TestFormsOfPyxform(t *testing.T) {
	f, err := os.Open("../xlsform/testdata/pyxform.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 4<<20)
	count := 0
	for lines.Scan() {
		var c struct{ Test, XML string }
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if c.XML == "" {
			continue
		}
		count++
		m, err := xform.Compile([]byte(c.XML), xform.Options{})
		if err != nil {
			t.Errorf("%s: %v", c.Test, err)
			continue
		}
		if atFault[c.Test[strings.LastIndex(c.Test, ".")+1:]] != "" {
			continue
		}
		for _, fault := range m.Faults {
			t.Errorf("%s: %v", c.Test, fault)
		}
		fill := m.Start(xform.Conditions{Now: time.Date(2026, 3, 31, 9, 0, 0, 0, time.UTC)})
		if fill.Err != nil && len(m.Externals) == 0 { // without its files a form cannot calculate everything
			t.Errorf("%s: %v", c.Test, fill.Err)
		}
		if !strings.Contains(c.XML, "instanceID") {
			continue
		}
		r := fill.Check()
		for _, x := range r.Failures {
			if x.Rule != xform.Required {
				t.Errorf("%s: %s %s", c.Test, x.Code(), x.Why)
			}
		}
		for _, x := range r.Notes {
			if x.Rule != xform.Unchecked && x.Rule != xform.Type { // of a default that is of no use
				t.Errorf("%s: note %s %s", c.Test, x.Code(), x.Why)
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if count < 900 {
		t.Errorf("only %d forms", count)
	}
}

package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"sort"
	"strings"

	"aman/forms/xlsform"
	"aman/forms/xlsform/canonxml"
)

const packFile = "forms/xlsform/testdata/pyxform.jsonl.gz"

// readForms gives the forms of pyxform's own tests.
func readForms() (forms []*xlsform.Workbook, names []string, err error) {
	f, err := os.Open(packFile)
	if err != nil {
		return nil, nil, fmt.Errorf("run this from the top folder of the module: %w", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, nil, err
	}
	s := bufio.NewScanner(z)
	s.Buffer(nil, 4<<20)
	for s.Scan() {
		var c struct {
			Name, Kind string
			Input      json.RawMessage
		}
		if err := json.Unmarshal(s.Bytes(), &c); err != nil {
			return nil, nil, err
		}
		var md string
		if c.Kind != "md" || json.Unmarshal(c.Input, &md) != nil {
			continue
		}
		wb, err := xlsform.Read([]byte(md), "")
		if err != nil || wb.Sheet("survey") == nil {
			continue
		}
		forms, names = append(forms, wb), append(names, c.Name)
	}
	return forms, names, s.Err()
}

// answer is what the oracle says to a form.
type answer struct{ XML, Error, Crash string }

// oracle is a running pyxform.
type oracle struct {
	in  io.Writer
	out *bufio.Reader
	cmd *exec.Cmd
}

func startOracle(python string) (*oracle, error) {
	cmd := exec.Command(python, "bench/pyxform/oracle.py")
	cmd.Env = append(os.Environ(), "PYTHONHASHSEED=0")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &oracle{in, bufio.NewReaderSize(out, 1<<20), cmd}, cmd.Start()
}

func (o *oracle) ask(name, text, format string) (a answer, err error) {
	question, err := json.Marshal(map[string]string{"name": name, "text": text, "type": "." + format})
	if err != nil {
		return a, err
	}
	if _, err := o.in.Write(append(question, '\n')); err != nil {
		return a, err
	}
	line, err := o.out.ReadBytes('\n')
	if err != nil {
		return a, fmt.Errorf("pyxform has stopped: %w", err)
	}
	return a, json.Unmarshal(line, &a)
}

// outcome is what comparing one form came to.
type outcome struct {
	class  string // "equal", "both refuse", or the name of a difference
	detail string
	bad    bool // a difference that nothing explains
}

func compare(name, text, format string, a answer) outcome {
	xml, found, err := convert(name, text, format)
	if err != nil {
		found = []xlsform.Diagnostic{{Severity: xlsform.Error, Message: err.Error()}}
	}
	switch {
	case a.XML == "" && xml == "":
		return outcome{class: "both refuse"}
	case a.Crash != "":
		kind, _, _ := strings.Cut(a.Crash, ":")
		return outcome{class: "pyxform stops with " + kind + ", the form is accepted here", detail: a.Crash}
	case strings.HasPrefix(a.Error, "Invalid headers provided for sheet: 'settings'. For XLSForms"):
		return outcome{class: "pyxform, given form_id and id_string, stumbles over a second row of settings"}
	case a.Error != "":
		return outcome{"only pyxform refuses", a.Error, true}
	}
	want, err := canonxml.Canonical(a.XML)
	if err != nil {
		return outcome{class: "pyxform writes XML that cannot be read", detail: err.Error()}
	}
	if xml == "" && pythonDict.MatchString(want) {
		return outcome{class: "pyxform writes a Python dictionary into the form"}
	}
	if xml == "" {
		return outcome{"only pyxform accepts", fmt.Sprint(found), true}
	}
	got, err := canonxml.Canonical(xml)
	if err != nil {
		return outcome{"XML that cannot be read", err.Error(), true}
	}
	if got == want {
		return outcome{class: "equal"}
	}
	if strings.Contains(want, "jr://guidance/") {
		return outcome{class: "pyxform takes the guidance of a question with a prefixed name for a file"}
	}
	if pythonDict.MatchString(want) {
		return outcome{class: "pyxform writes a Python dictionary into the form"}
	}
	if strings.Contains(want, "|title >\n   \"None\"") {
		return outcome{class: "pyxform takes a form title without a value for None"}
	}
	if setOrder(got) == setOrder(want) {
		return outcome{class: "equal but for an order that pyxform leaves to chance"}
	}
	return outcome{"different XForm", canonxml.Difference(got, want), true}
}

var pythonDict = regexp.MustCompile(`\{['\\]*'[^']*': `)

// setOrder sorts, in a canonical document, what pyxform keeps in sets, whose
// order changes from run to run: the forms of a text, where a translation is
// missing, and the files that several pulldata() calls in one row need.
func setOrder(canonical string) string {
	return strings.Join(sortBlocks(strings.Split(strings.TrimSuffix(canonical, "\n"), "\n"), ""), "\n")
}

// sortBlocks sorts the children of text elements, and the files among the
// children of the model. Lines are indented by depth.
func sortBlocks(lines []string, parent string) []string {
	if len(lines) == 0 {
		return nil
	}
	depth := indent(lines[0])
	var blocks [][]string
	for _, line := range lines {
		if indent(line) == depth {
			blocks = append(blocks, nil)
		}
		last := len(blocks) - 1
		blocks[last] = append(blocks[last], line)
	}
	for i, b := range blocks {
		blocks[i] = append(b[:1:1], sortBlocks(b[1:], b[0])...)
	}
	first, last := 0, len(blocks)
	if !strings.Contains(parent, "|text ") {
		for first = 0; first < len(blocks) && !isFile(blocks[first][0]); first++ {
		}
		for last = first; last < len(blocks) && isFile(blocks[last][0]); last++ {
		}
	}
	sort.Slice(blocks[first:last], func(i, j int) bool {
		return strings.Join(blocks[first+i], "\n") < strings.Join(blocks[first+j], "\n")
	})
	var out []string
	for _, b := range blocks {
		out = append(out, b...)
	}
	return out
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

func isFile(line string) bool {
	return strings.Contains(line, "|instance ") && strings.Contains(line, "|src=")
}

func convert(name, text, format string) (string, []xlsform.Diagnostic, error) {
	wb, err := xlsform.Read([]byte(text), "."+format)
	if err != nil {
		return "", nil, err
	}
	wb.Name = ""
	form, found := xlsform.Compile(wb, xlsform.Options{FormName: name})
	if form == nil {
		return "", found, nil
	}
	var b strings.Builder
	err = form.WriteXForm(&b)
	return b.String(), found, err
}

// plan is what a run of random forms does.
type plan struct {
	n       int    // forms
	seed    uint64 // where the random changes start
	changes int    // most changes to a form
	format  string // "md" or "csv"
	show    int    // differences to print in full
	crashes bool   // also print forms that stop pyxform but not this compiler
}

func fuzz(python string, p plan) error {
	forms, names, err := readForms()
	if err != nil {
		return err
	}
	o, err := startOracle(python)
	if err != nil {
		return err
	}
	write := map[string]func(*xlsform.Workbook) string{"md": markdown, "csv": commaSeparated}[p.format]
	if write == nil {
		return fmt.Errorf("the format must be md or csv, not %s", p.format)
	}
	c := newCorpus(forms, names, p.seed, p.changes)
	counts := map[string]int{}
	bad := 0
	for range p.n {
		name, wb := c.mutant()
		text := write(wb)
		a, err := o.ask(name, text, p.format)
		if err != nil {
			return err
		}
		r := compare(name, text, p.format, a)
		counts[r.class]++
		if r.bad {
			bad++
		}
		if r.bad && bad <= p.show || p.crashes && strings.HasPrefix(r.class, "pyxform stops") {
			fmt.Printf("---- %s: %s\nname %s\n%s\n", r.class, r.detail, name, text)
		}
	}
	fmt.Printf("%d forms as %s, seed %d, from %d forms of pyxform's tests\n", p.n, p.format, p.seed, len(forms))
	for _, class := range sortedKeys(counts) {
		fmt.Printf("%6d  %s\n", counts[class], class)
	}
	if bad > 0 {
		return errors.New(fmt.Sprint(bad, " differences that nothing explains"))
	}
	return nil
}

func sortedKeys(m map[string]int) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// Command javarosa lets JavaRosa, the engine of ODK Collect, load every XForm that aman/forms/xlsform makes of the
// forms of the conformance pack and of two real ones, and beside it what pyxform makes of the same form. bench/javarosa/run.sh
// installs JavaRosa and runs it; bench/webforms/run.sh does the same with the engine of ODK Web Forms.
//
// A form that JavaRosa does not load although it loads pyxform's is a fault of ours; one where it loads neither is the
// form's own.
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"aman/forms/xlsform"
)

// field is what tells the reasons of two forms apart without being one.
var field = regexp.MustCompile(`'[^']*'|"[^"]*"|/\S+`)

// form is one form with both converters' XForms and what JavaRosa says of each.
type form struct {
	name         string
	ours, theirs string
	our, their   answer
}

type answer struct {
	Events int
	// Walk is what was seen on the way, where the engine's loader says so.
	Walk  string
	Error string
}

func main() {
	log.SetFlags(0)
	load := flag.String("load", "", "the command that loads forms")
	engine := flag.String("engine", "JavaRosa", "what it loads them with")
	pack := flag.String("pack", "forms/xlsform/testdata", "folder of the pack")
	flag.Parse()
	forms := append(read(*pack+"/pyxform.jsonl.gz"), real(*pack, "htcds"), real(*pack, "msna2024"))
	run(*load, forms)
	reasons := map[string]int{}
	var loaded, both, different, worse int
	for _, f := range forms {
		switch {
		case f.our.Error == "" && f.our.Events == f.their.Events && f.our.Walk == f.their.Walk:
			loaded++
		case f.our.Error == "" && f.their.Error == "":
			different++
			fmt.Printf("DIFFERENT  %s: %d steps, %d through pyxform's\n", f.name, f.our.Events, f.their.Events)
		case f.our.Error == "":
			loaded++
		case f.their.Error != "":
			both++
			first, _, _ := strings.Cut(f.our.Error, "\n")
			reasons[field.ReplaceAllString(first, "…")]++
		default:
			worse++
			fmt.Printf("OURS ALONE %s: %.200s\n", f.name, f.our.Error)
		}
	}
	for _, x := range slices.Sorted(maps.Keys(reasons)) {
		fmt.Printf("neither, %d times: %s\n", reasons[x], x)
	}
	fmt.Printf("%d forms: %d loaded and walked through, %d that %s loads from neither converter, %d walked differently, %d that fail only as ours\n",
		len(forms), loaded, both, *engine, different, worse)
	if different+worse > 0 {
		os.Exit(1)
	}
}

// read gives the accepted forms of the pack that are Markdown tables.
func read(name string) (out []*form) {
	file, err := os.Open(name)
	must(err)
	defer file.Close()
	z, err := gzip.NewReader(file)
	must(err)
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 4<<20)
	skipped := 0
	for lines.Scan() {
		var c struct {
			Test, Name, Kind, XML string
			Input                 json.RawMessage
		}
		must(json.Unmarshal(lines.Bytes(), &c))
		var text string
		if c.XML == "" {
			continue
		}
		if c.Kind != "md" {
			skipped++
			continue
		}
		must(json.Unmarshal(c.Input, &text))
		out = append(out, &form{name: c.Test, ours: convert([]byte(text), "", c.Name), theirs: c.XML})
	}
	must(lines.Err())
	if skipped > 0 {
		fmt.Printf("left out: %d accepted forms that are not Markdown tables\n", skipped)
	}
	return out
}

func real(folder, name string) *form {
	file, err := os.ReadFile(folder + "/" + name + ".xlsx")
	must(err)
	theirs, err := os.ReadFile(folder + "/" + name + ".pyxform.xml")
	must(err)
	return &form{name: name, ours: convert(file, name+".xlsx", ""), theirs: string(theirs)}
}

func convert(data []byte, file, name string) string {
	wb, err := xlsform.Read(data, file)
	must(err)
	f, found := xlsform.Compile(wb, xlsform.Options{FormName: name})
	if f == nil {
		log.Fatal(found)
	}
	var b strings.Builder
	must(f.WriteXForm(&b))
	return b.String()
}

func run(command string, forms []*form) {
	var in bytes.Buffer
	e := json.NewEncoder(&in)
	for _, f := range forms {
		must(e.Encode(map[string]string{"xml": f.ours}))
		must(e.Encode(map[string]string{"xml": f.theirs}))
	}
	words := strings.Fields(command)
	if len(words) == 0 {
		log.Fatal("-load is missing; use bench/javarosa/run.sh")
	}
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdin = &in
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	must(err)
	d := json.NewDecoder(bytes.NewReader(out))
	for _, f := range forms {
		must(d.Decode(&f.our))
		must(d.Decode(&f.their))
	}
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// refresh asks an engine all expressions of a table in forms/xpath/testdata again and writes what it answers now. What
// the engine does not support, and what makes it break off, is left out of the table.
func refresh(path, command string) {
	var table struct {
		Source string            `json:"source"`
		Rules  string            `json:"rules"`
		Zone   string            `json:"zone"`
		Docs   []string          `json:"docs"`
		Groups map[string][]fact `json:"groups"`
	}
	data, err := os.ReadFile(path)
	check(err)
	check(json.Unmarshal(data, &table))
	var asked []question
	var names []string
	for name := range table.Groups {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, f := range table.Groups[name] {
			zone := f.Zone
			if zone == "" {
				zone = table.Zone
			}
			asked = append(asked, question{Expr: f.Expr, Doc: table.Docs[f.Doc], Context: f.Path, Zone: zone})
		}
	}
	answers := ask(command, asked)
	var out bytes.Buffer
	fmt.Fprintf(&out, "{\n\"source\": %s,\n\"rules\": %s,\n\"zone\": %s,\n\"docs\": [\n", quoted(table.Source), quoted(table.Rules), quoted(table.Zone))
	for i, d := range table.Docs {
		fmt.Fprintf(&out, "%s%s\n", quoted(d), comma(i, len(table.Docs)))
	}
	out.WriteString("],\n\"groups\": {\n")
	k := 0
	for i, name := range names {
		var lines []string
		for _, f := range table.Groups[name] {
			if a := answers[k]; a.Error == "" || f.Error && !refuses(a.Error) {
				lines = append(lines, f.answered(a))
			}
			k++
		}
		fmt.Fprintf(&out, "%s: [\n%s\n]%s\n", quoted(name), strings.Join(lines, ",\n"), comma(i, len(names)))
	}
	out.WriteString("}}\n")
	check(os.WriteFile(path, out.Bytes(), 0o644))
	fmt.Printf("%s: %d facts\n", path, k)
}

// fact is a line of a table; see table_test.go of forms/xpath.
type fact struct {
	Expr  string          `json:"expr"`
	Doc   int             `json:"doc,omitempty"`
	Path  string          `json:"path,omitempty"`
	Zone  string          `json:"zone,omitempty"`
	Error bool            `json:"error,omitempty"`
	As    string          `json:"as,omitempty"`
	Want  json.RawMessage `json:"want,omitempty"`
	Near  float64         `json:"near,omitempty"`
}

func (f fact) answered(a answer) string {
	f.Error, f.As, f.Want = a.Error != "", a.Type, nil
	switch {
	case f.Error:
		f.As, f.Near = "", 0
	case a.Type == "nodes":
		paths := []string{}
		for _, p := range a.Nodes {
			paths = append(paths, strings.Replace(p, "/data[1]", "/data", 1))
		}
		f.As, f.Want = "paths", json.RawMessage(quoted(paths))
	case a.Type == "number" && a.Number != "":
		f.Want = json.RawMessage(quoted(strings.ReplaceAll(a.Number, "E", "e")))
	case a.Type == "boolean":
		f.Want = json.RawMessage(a.String)
	default:
		f.As, f.Want = "string", json.RawMessage(quoted(a.String))
	}
	return quoted(f)
}

func quoted(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	check(enc.Encode(v))
	return strings.TrimSuffix(b.String(), "\n")
}

func comma(i, n int) string {
	if i < n-1 {
		return ","
	}
	return ""
}

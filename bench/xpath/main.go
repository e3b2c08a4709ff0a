// Command xpath compares aman/forms/xpath with the engines that fill ODK forms: JavaRosa and @getodk/xpath. It puts the
// same expressions over the same documents to each, prints every answer that differs and is not explained, and then
// times them. run.sh installs the engines and starts it.
//
//	go run ./bench/xpath -javarosa 'java -cp … Oracle' -webforms 'node oracle.mjs' -random 10000 -seed 1
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"aman/forms/xpath"
)

// question is what is put to an engine.
type question struct {
	Expr    string `json:"expr"`
	Doc     string `json:"doc"`
	Context string `json:"context"`
	Zone    string `json:"tz"`
	Repeat  int    `json:"repeat,omitempty"`
}

// answer is what an engine says.
type answer struct {
	Type   string   `json:"type"`
	String string   `json:"string"`
	Number string   `json:"number"`
	Nodes  []string `json:"nodes"`
	Error  string   `json:"error"`
	Nanos  float64  `json:"nanos"`
}

func main() {
	javarosa := flag.String("javarosa", "", "command that runs javarosa/Oracle.java")
	webforms := flag.String("webforms", "", "command that runs webforms/oracle.mjs")
	random := flag.Int("random", 2000, "how many random expressions")
	seed := flag.Uint64("seed", 1, "for the random expressions")
	tables := flag.String("refresh", "", "folder with javarosa-6.json and webforms.json to write anew, instead of comparing")
	show := flag.Int("show", 40, "how many unexplained differences to print for each engine")
	explained := flag.Bool("explained", false, "print the explained differences too")
	flag.Parse()
	if *tables != "" {
		refresh(filepath.Join(*tables, "javarosa-6.json"), *javarosa)
		refresh(filepath.Join(*tables, "webforms.json"), *webforms)
		return
	}

	gen := &generator{rand.New(rand.NewPCG(*seed, 7))}
	var asked []question
	for range *random {
		asked = append(asked, gen.question())
	}
	for _, peer := range []struct {
		name, command string
		rules         *xpath.Rules
	}{{"JavaRosa", *javarosa, xpath.Collect}, {"@getodk/xpath", *webforms, xpath.WebForms}} {
		if peer.command == "" {
			fmt.Printf("%s: no command given, left out\n", peer.name)
			continue
		}
		compare(peer.name, peer.command, peer.rules, asked, *show, *explained)
		race(peer.name, peer.command, peer.rules)
	}
}

// ask runs an engine over all questions.
func ask(command string, questions []question) []answer {
	words := strings.Fields(command)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	check(err)
	out, err := cmd.StdoutPipe()
	check(err)
	check(cmd.Start())
	go func() {
		w := bufio.NewWriter(in)
		for _, q := range questions {
			line, _ := json.Marshal(q)
			w.Write(append(line, '\n'))
		}
		w.Flush()
		in.Close()
	}()
	var answers []answer
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var a answer
		check(json.Unmarshal(lines.Bytes(), &a))
		answers = append(answers, a)
	}
	check(lines.Err())
	check(cmd.Wait())
	if len(answers) != len(questions) {
		check(fmt.Errorf("%d answers to %d questions", len(answers), len(questions)))
	}
	return answers
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}

var docs = map[string]*xpath.Node{}

func document(text string) *xpath.Node {
	if docs[text] == nil {
		d, err := xpath.ParseXML(strings.NewReader(text), xpath.XMLLimits{})
		check(err)
		typeNodes(d)
		docs[text] = d
	}
	return docs[text]
}

var nodeTypes = map[string]xpath.Type{"int": xpath.NumberType, "decimal": xpath.NumberType, "date": xpath.DateType, "dateTime": xpath.DateType}

// typeNodes gives nodes the type in their attribute "type", as a form's binds would.
func typeNodes(n *xpath.Node) {
	kind, _ := n.Attr("type")
	n.Type = nodeTypes[kind]
	for _, c := range n.Children() {
		typeNodes(c)
	}
}

func environment(q question, rules *xpath.Rules) *xpath.Env {
	zone, err := time.LoadLocation(q.Zone)
	check(err)
	doc := document(q.Doc)
	nodes, err := xpath.MustCompile(q.Context).Nodes(&xpath.Env{Node: doc, Rules: xpath.WebForms})
	check(err)
	return &xpath.Env{Node: nodes[0], Root: doc, Rules: rules, Zone: zone}
}

// ours gives this project's answer.
func ours(q question, rules *xpath.Rules) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			a = answer{Error: fmt.Sprintf("PANIC: %v", p)}
		}
	}()
	x, err := xpath.Compile(q.Expr)
	if err != nil {
		return answer{Error: err.Error()}
	}
	env := environment(q, rules)
	v, err := x.Eval(env)
	if err != nil {
		return answer{Error: err.Error()}
	}
	a = answer{Type: v.Type().String(), String: env.Text(v), Number: strconv.FormatFloat(env.Number(v), 'g', -1, 64)}
	for _, n := range v.Nodes() {
		a.Nodes = append(a.Nodes, n.Path())
	}
	return a
}

var first = regexp.MustCompile(`\[1\]`)

// same reports whether two answers agree.
func same(got, want answer) bool {
	if (got.Error == "") != (want.Error == "") {
		return false
	}
	switch {
	case want.Error != "":
		return true
	case want.Type == "nodes":
		strip := func(list []string) (out []string) {
			for _, p := range list {
				out = append(out, first.ReplaceAllString(p, ""))
			}
			return out
		}
		return got.Type == "nodes" && slices.Equal(strip(got.Nodes), strip(want.Nodes))
	case want.Type == "number" && want.Number != "":
		x, _ := strconv.ParseFloat(got.Number, 64)
		y, _ := strconv.ParseFloat(want.Number, 64)
		return math.IsNaN(x) && math.IsNaN(y) || x == y || math.Abs(x-y) <= 1e-7*math.Abs(y)
	}
	return got.String == want.String
}

func compare(name, command string, rules *xpath.Rules, asked []question, show int, all bool) {
	answers := ask(command, asked)
	agree, refused, explained, other := 0, 0, map[string]int{}, 0
	for i, q := range asked {
		got, want := ours(q, rules), answers[i]
		if same(got, want) {
			agree++
			continue
		}
		if got.Error == "" && want.Error != "" && refuses(want.Error) {
			refused++
			continue
		}
		if why := explain(name, q, got, want); why != "" {
			if explained[why]++; all {
				fmt.Printf("%s: %s (at %s, %s): ours %s, peer %s: %s\n", name, q.Expr, q.Context, q.Zone, brief(got), brief(want), why)
			}
			continue
		}
		if other++; other <= show {
			fmt.Printf("%s differs: %s (at %s, %s)\n   ours  %s\n   peer  %s\n", name, q.Expr, q.Context, q.Zone, brief(got), brief(want))
		}
	}
	fmt.Printf("%s: %d expressions, %d agree, %d it does not support, %d unexplained differences\n", name, len(asked), agree, refused, other)
	for why, n := range explained {
		fmt.Printf("   %5d  %s\n", n, why)
	}
}

func brief(a answer) string {
	if a.Error != "" {
		return "error: " + a.Error
	}
	if a.Type == "nodes" {
		return fmt.Sprintf("nodes %v", a.Nodes)
	}
	return fmt.Sprintf("%s %q (%s)", a.Type, a.String, a.Number)
}

// refuses recognises the messages with which an engine says that it does not have a part of XPath 1.0.
func refuses(message string) bool {
	for _, part := range []string{"unsupported construct", "cannot handle function", "This field is repeated"} {
		if strings.Contains(message, part) {
			return true
		}
	}
	return false
}

// race times an engine and this package on the expressions real forms are made of.
func race(name, command string, rules *xpath.Rules) {
	const times = 5_000 // a round; the best of six counts
	var list []question
	for _, e := range []string{
		"/data/age > 17 and /data/consent = 'yes'", "selected(/data/services, 'water')", "if(/data/age < 5, 'child', 'other')",
		"count(/data/person[age > 10])", "round(/data/income div 12, 2)", "concat(/data/name, ' ', /data/consent)",
		"format-date(/data/date, '%Y-%m-%d')", "regex(/data/name, '[A-Za-z ]+')", "sum(/data/person/age)",
	} {
		list = append(list, question{Expr: e, Doc: bigDoc, Context: "/data", Zone: "UTC", Repeat: times})
	}
	peer := ask(command, list)
	logs := 0.0
	for i, q := range list {
		x, env := xpath.MustCompile(q.Expr), environment(q, rules)
		best := time.Duration(math.MaxInt64)
		for range 6 {
			t := time.Now()
			for range times {
				x.Eval(env)
			}
			best = min(best, time.Since(t))
		}
		nanos := float64(best.Nanoseconds()) / times
		fmt.Printf("   %-45s %8.0f ns, %s %8.0f ns, %5.1f times as fast\n", q.Expr, nanos, name, peer[i].Nanos, peer[i].Nanos/nanos)
		logs += math.Log(peer[i].Nanos / nanos)
	}
	fmt.Printf("   geometric mean: %.1f times as fast as %s\n", math.Exp(logs/float64(len(list))), name)
}

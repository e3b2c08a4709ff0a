package synth

import (
	"fmt"
	"slices"
)

// The methods, from the one to use first to the one that needs least.
const (
	Tree        = "tree"        // choose tables once, measure once; the default
	AIM         = "aim"         // choose and measure in rounds, each where the model is worst; slower
	MST         = "mst"         // a spanning tree of pairs (McKenna, Miklau, Sheldon 2021)
	Independent = "independent" // each attribute on its own
)

// Methods lists them.
var Methods = []string{Tree, AIM, MST, Independent}

// Options tune a run. Each zero value stands for its default. They are public and must not be chosen by
// looking at the data.
type Options struct {
	Method string `json:"method"`
	Length int    `json:"length"` // longest combination in the aggregates, 1 to 4; default 3

	// Shares of the budget; the rest measures the chosen tables. A negative share is none.
	OneWay float64 `json:"share_one_way"` // each attribute on its own; default 0.08
	Select float64 `json:"share_select"`  // choice of tables; default 0.06
	Direct float64 `json:"share_direct"`  // combinations counted themselves, which calibrates the intervals; default 0.1

	MaxTable  int     `json:"max_table"`  // most cells of a measured table; default and at most 65,536
	MaxClique int     `json:"max_clique"` // most cells of a clique of the tree; default 5,000
	Steps     int     `json:"steps"`      // most steps of the fit; default 200
	Crowd     int     `json:"crowd"`      // most records drawn for reweighting; default 150,000
	Sweeps    int     `json:"sweeps"`     // passes of the reweighting; default 20
	Trust     float64 `json:"trust"`      // weight of what the tree says against the measurements; default 0.1

	// Seed drives the random choices after the noise; zero takes one from the system.
	// It never touches the noise.
	Seed [2]uint64 `json:"-"`

	// Progress, when given, hears of the stage and how much of it is done (0 to 1). It learns nothing of the data.
	Progress func(stage string, done float64) `json:"-"`
}

// MaxLength is the longest combination that aggregates hold.
const MaxLength = 4

func (o *Options) fill() error {
	def := func(x *float64, v float64) {
		if *x == 0 {
			*x = v
		}
		*x = max(*x, 0)
	}
	count := func(x *int, v int) {
		if *x <= 0 {
			*x = v
		}
	}
	if o.Method == "" {
		o.Method = Tree
	}
	def(&o.OneWay, 0.08)
	def(&o.Select, 0.06)
	def(&o.Direct, 0.1)
	def(&o.Trust, 0.1)
	count(&o.Length, 3)
	count(&o.MaxTable, 1<<16)
	count(&o.MaxClique, 5000)
	count(&o.Steps, 200)
	count(&o.Crowd, 150_000)
	count(&o.Sweeps, 20)
	if o.Progress == nil {
		o.Progress = func(string, float64) {}
	}
	switch {
	case !slices.Contains(Methods, o.Method):
		return fmt.Errorf("no method %q; there are %v", o.Method, Methods)
	case o.Length > MaxLength:
		return fmt.Errorf("length must be 1 to %d, not %d", MaxLength, o.Length)
	case o.MaxTable > 1<<16:
		return fmt.Errorf("a measured table has at most %d cells, not %d", 1<<16, o.MaxTable)
	case o.OneWay+o.Select+o.Direct >= 1:
		return fmt.Errorf("the shares of the budget add up to %g; they must leave something for the tables", o.OneWay+o.Select+o.Direct)
	}
	return nil
}

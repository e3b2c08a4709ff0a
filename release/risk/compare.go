package risk

import "fmt"

// Comparison sets a file before protection beside what came of it.
type Comparison struct {
	Before, After Measures
	Columns       []ColumnChange // one for each key
}

// ColumnChange says what one column contributes to the risk, and what was taken from it.
type ColumnChange struct {
	Name string
	// Missing is the number of records without a value.
	MissingBefore, MissingAfter int
	// Values is the number of different values, missing aside.
	ValuesBefore, ValuesAfter int
	// Without is the risk that would be left if the column were not released.
	WithoutBefore, WithoutAfter Dropped
}

// Dropped sums up the file less one column.
type Dropped struct {
	Uniques int     // records alone in their class
	Mean    float64 // mean of 1/f
}

// Compare measures both files on the keys, which are columns of the same names in both, and each key's part in the
// risk. After may have fewer records. Only Options.AtRisk applies: both files are measured by themselves.
func Compare(before, after Table, keys []string, o Options) (Comparison, error) {
	o = Options{AtRisk: o.AtRisk}
	var out Comparison
	for i, side := range []struct {
		t Table
		m *Measures
	}{{before, &out.Before}, {after, &out.After}} {
		k, err := side.t.Keys(keys...)
		if err != nil {
			return Comparison{}, fmt.Errorf("file %d: %w", i+1, err)
		}
		dropped := side.t.without(k)
		if *side.m, err = Measure(side.t, k, o); err != nil {
			return Comparison{}, err
		}
		if i == 0 {
			out.Columns = make([]ColumnChange, len(k))
		}
		for n, column := range k {
			c := &out.Columns[n]
			missing, values := side.t.Columns[column].filled()
			if i == 0 {
				c.Name, c.MissingBefore, c.ValuesBefore, c.WithoutBefore = keys[n], missing, values, dropped[n]
			} else {
				c.MissingAfter, c.ValuesAfter, c.WithoutAfter = missing, values, dropped[n]
			}
		}
	}
	return out, nil
}

func (c Column) filled() (missing, values int) {
	seen := make([]bool, len(c.Values))
	for _, code := range c.Codes {
		if code == 0 {
			missing++
		} else if !seen[code] {
			seen[code] = true
			values++
		}
	}
	return missing, values
}

// without measures the file less each key in turn: classes of the keys before it meet classes of those after it.
func (t Table) without(keys []int) []Dropped {
	after := make([]Classes, len(keys)+1)
	after[len(keys)] = t.Classes(nil)
	for i := len(keys) - 1; i >= 0; i-- {
		after[i] = after[i+1].refine(t.Columns[keys[i]].Codes, len(t.Columns[keys[i]].Values))
	}
	before := t.Classes(nil)
	out := make([]Dropped, len(keys))
	for i, k := range keys {
		both := before.refine(after[i+1].Of, len(after[i+1].Size))
		for _, f := range both.Size {
			if f == 1 {
				out[i].Uniques++
			}
		}
		if t.Records > 0 {
			out[i].Mean = float64(len(both.Size)) / float64(t.Records)
		}
		before = before.refine(t.Columns[k].Codes, len(t.Columns[k].Values))
	}
	return out
}

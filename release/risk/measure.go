package risk

import (
	"fmt"
	"math"
)

// Options of a measurement. The zero value measures the file by itself.
type Options struct {
	// AtRisk is the risk above which a record counts as at risk; 0 means 0.2, a class of fewer than five.
	AtRisk float64
	// Weights says, for each record, how many people of the population it stands for (1 or more).
	Weights []float64
	// Population is a file of the whole population with the key columns under the same names. It goes before Weights.
	Population *Table
}

// Measures of one file on one set of keys. Shares and risks are between 0 and 1.
type Measures struct {
	Records int
	Classes int
	Least   int // the size of the smallest class: the file is Least-anonymous
	Uniques int // records alone in their class

	Prosecutor Attacker
	Journalist Attacker
	// Marketer is the expected share of records found by one who links all of them: the number of classes over the number of
	// records, or with a population the mean of 1/F.
	Marketer float64
	// Global is the share of records that can be expected to be found, as sdcMicro and HDX use the word: the mean of
	// the journalist's risk where a population or weights are given, of the prosecutor's where not.
	Global float64
	// PopulationUniques is the expected number of records alone in their class that are alone in the population too.
	PopulationUniques float64
}

// Attacker sums up the risks of all records.
type Attacker struct {
	Highest float64 // of any record
	Mean    float64
	AtRisk  float64 // the share of records with a higher risk than Options.AtRisk
}

// Measure groups the records by the keys and measures the risk of each. It fails when weights are missing or below 1, or
// the population lacks a key or people of the file.
func Measure(t Table, keys []int, o Options) (Measures, error) {
	return measure(t, keys, t.Classes(keys), o)
}

func measure(t Table, keys []int, c Classes, o Options) (Measures, error) {
	if o.AtRisk == 0 {
		o.AtRisk = 0.2
	}
	m := Measures{Records: t.Records, Classes: len(c.Size), Least: t.Records}
	for _, f := range c.Size {
		m.Least = min(m.Least, int(f))
		if f == 1 {
			m.Uniques++
		}
	}
	if t.Records == 0 {
		return m, nil
	}
	own := make([]float64, len(c.Size)) // the prosecutor's risk of each class
	for i, f := range c.Size {
		own[i] = 1 / float64(f)
	}
	m.Prosecutor = sum(own, c, o.AtRisk)
	m.Marketer = m.Prosecutor.Mean
	other, unique := own, make([]float64, len(c.Size))
	var err error
	switch {
	case o.Population != nil:
		other, unique, err = mapped(t, keys, c, *o.Population)
	case o.Weights != nil:
		other, unique, err = weighted(t, c, o.Weights)
	default:
		for i, f := range c.Size {
			unique[i] = float64(1 / f)
		}
	}
	if err != nil {
		return Measures{}, err
	}
	m.Journalist = sum(other, c, o.AtRisk)
	m.Global = m.Journalist.Mean
	if o.Population != nil {
		m.Marketer = m.Journalist.Mean
	}
	for i, f := range c.Size {
		if f == 1 {
			m.PopulationUniques += unique[i]
		}
	}
	return m, nil
}

func sum(risks []float64, c Classes, limit float64) Attacker {
	var a Attacker
	n := 0.0
	for i, r := range risks {
		f := float64(c.Size[i])
		n += f
		a.Highest = max(a.Highest, r)
		a.Mean += f * r
		if r > limit {
			a.AtRisk += f
		}
	}
	a.Mean /= n
	a.AtRisk /= n
	return a
}

// mapped finds each class in a population file (k-map): the risk is 1/F.
func mapped(t Table, keys []int, c Classes, population Table) (risks, unique []float64, err error) {
	// Give both files the same codes, then group them as one.
	joint := Table{Records: t.Records + population.Records}
	var all []int
	for n, k := range keys {
		own := t.Columns[k]
		p := population.Column(own.Name)
		if p < 0 {
			return nil, nil, fmt.Errorf("risk: the population file has no column %q", own.Name)
		}
		code := map[string]uint32{}
		col := Column{Name: own.Name, Codes: make([]uint32, 0, joint.Records)}
		for _, source := range []Column{own, population.Columns[p]} {
			to := make([]uint32, len(source.Values))
			for i, v := range source.Values {
				if _, ok := code[v]; !ok {
					code[v] = uint32(len(col.Values))
					col.Values = append(col.Values, v)
				}
				to[i] = code[v]
			}
			for _, x := range source.Codes {
				col.Codes = append(col.Codes, to[x])
			}
		}
		joint.Columns = append(joint.Columns, col)
		all = append(all, n)
	}
	jc := joint.Classes(all)
	risks, unique = make([]float64, len(c.Size)), make([]float64, len(c.Size))
	for r, class := range c.Of {
		f := c.Size[class]
		inPopulation := jc.Size[jc.Of[r]] - f
		if inPopulation < f {
			return nil, nil, fmt.Errorf("risk: the population file has %d people of a class of %d records; it must hold everybody in the file", inPopulation, f)
		}
		risks[class] = 1 / float64(inPopulation)
		if inPopulation == 1 {
			unique[class] = 1
		}
	}
	return risks, unique, nil
}

// weighted estimates the risk of each class from sampling weights.
func weighted(t Table, c Classes, weights []float64) (risks, unique []float64, err error) {
	if len(weights) != t.Records {
		return nil, nil, fmt.Errorf("risk: %d weights for %d records", len(weights), t.Records)
	}
	estimate := make([]float64, len(c.Size))
	for r, w := range weights {
		if !(w >= 1) || math.IsInf(w, 1) {
			return nil, nil, fmt.Errorf("risk: the weight of record %d is not a number of 1 or more", r+1)
		}
		estimate[c.Of[r]] += w
	}
	risks, unique = make([]float64, len(c.Size)), make([]float64, len(c.Size))
	for i, f := range c.Size {
		pi := float64(f) / estimate[i]
		risks[i] = Individual(int(f), pi)
		unique[i] = pi // F given f=1 is negative binomial: P(F=1) = pi
	}
	return risks, unique, nil
}

// Individual is the estimate of Benedetti and Franconi of the risk of a record in a class of f records sampled with
// probability pi: E(1/F) where F given f is negative binomial, that is the integral over u from 0 to 1 of
// u^(f-1)·pi/(pi+(1-pi)u). It is 1/f for pi = 1.
func Individual(f int, pi float64) float64 {
	q := 1 - pi
	switch {
	case q < 1e-12:
		return 1 / float64(f)
	case f == 1:
		return pi / q * -math.Log(pi)
	case f == 2 && q > 1e-3: // below, the difference cancels
		return pi/q - pi/q*pi/q*-math.Log(pi)
	}
	// The integral is pi/f · 2F1(1, 1; f+1; q): a series of positive terms that fall like j^-f·q^j.
	term, total := 1.0, 1.0
	for j := 1; j < 1_000_000 && term > 1e-15*total; j++ {
		term *= q * float64(j) / float64(f+j)
		total += term
	}
	return pi / float64(f) * total
}

// Profile is the rule of a publisher.
type Profile struct {
	Name   string
	Global float64 // the global risk must be below; 0: no rule
	Least  int     // every class must hold this many records; 0: no rule
}

// The profiles that are publicly documented.
var (
	// HDX, the Humanitarian Data Exchange, publishes microdata whose global risk is below 3 % (OCHA Centre for Humanitarian
	// Data, guidance note on statistical disclosure control).
	HDX = Profile{Name: "HDX", Global: 0.03}
	// CTDC, the Counter-Trafficking Data Collaborative, published its Global Dataset 11-anonymous.
	CTDC = Profile{Name: "CTDC", Least: 11}
)

// Verdict of a profile.
type Verdict struct {
	Pass    bool
	Reasons []string // one for each rule, passed or not
}

// Judge holds a file to the profile.
func (p Profile) Judge(m Measures) Verdict {
	v := Verdict{Pass: true}
	rule := func(ok bool, format string, args ...any) {
		v.Pass = v.Pass && ok
		v.Reasons = append(v.Reasons, fmt.Sprintf(format, args...))
	}
	if p.Global > 0 {
		rule(m.Global < p.Global, "%.2f %% of the records can be expected to be found; %s allows less than %.0f %%", 100*m.Global, p.Name, 100*p.Global)
	}
	if p.Least > 0 {
		rule(m.Records == 0 || m.Least >= p.Least, "the smallest group of records that are alike has %d; %s asks for %d", m.Least, p.Name, p.Least)
	}
	return v
}

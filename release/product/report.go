package product

import (
	"math"
	"strconv"

	"aman/release/kanon"
	"aman/release/synth"
)

// reportBody is what the report's pages and JSON hold: one of the two parts.
type reportBody struct {
	Guarantee string
	Noisy     *synth.Report
	Exact     *exactReport
}

// exactReport says what a k-anonymous release lost, in whole percents: the exact number of records that had to be
// changed would tell how many stood out.
type exactReport struct {
	K    int         `json:"k"`
	Rows int         `json:"rows"`
	Lost []lostShare `json:"lost"`
}

type lostShare struct {
	Column   string `json:"column"`
	Withheld string `json:"withheld"`
	Coarser  string `json:"coarser"`
}

func lost(list []kanon.KeyLoss, records int) []lostShare {
	share := func(n int) string {
		p := math.Round(100 * float64(n) / float64(max(records, 1)))
		if p < 1 {
			return "< 1 %"
		}
		return strconv.Itoa(int(p)) + " %"
	}
	var out []lostShare
	for _, l := range list {
		out = append(out, lostShare{l.Name, share(l.Withheld), share(l.Coarser)})
	}
	return out
}

// spends are the texts for what the engine spends on.
var spends = map[string]string{"each attribute": "spent.attributes", "choice of tables": "spent.choice", "chosen tables": "spent.tables"}

// Spend says in words what a part of the budget was for.
func (p page) Spend(what string) string {
	if key, ok := spends[what]; ok {
		return say(p.Lang, key)
	}
	if n, ok := cutLength(what); ok {
		return say(p.Lang, "spent.combinations") + " (" + n + ")"
	}
	return what
}

func cutLength(what string) (string, bool) {
	const head = "combinations of "
	if len(what) > len(head) && what[:len(head)] == head {
		return what[len(head):], true
	}
	return "", false
}

// LedgerLine says how much of the budget of these people is spent.
func (p page) LedgerLine() string {
	l := p.Info.Ledger
	if l.Budget == 0 {
		return ""
	}
	return say(p.Lang, "report.ledger", "seq", strconv.Itoa(l.Seq), "percent", strconv.Itoa(int(math.Ceil(100*l.Running.Float()/l.Budget.Float()))))
}

// report writes the public report: a page in each language, and JSON.
func report(info Info, guarantee func(lang string) string, noisy *synth.Report, exact *exactReport) ([]File, error) {
	files, err := inEach("report", "report.html", "report.title", info, func(lang string) any {
		return reportBody{guarantee(lang), noisy, exact}
	})
	if err != nil {
		return nil, err
	}
	var body any = exact
	if noisy != nil {
		body = noisy
	}
	json, err := marshal(body)
	return append(files, File{"report/report.json", json}), err
}

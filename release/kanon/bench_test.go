package kanon

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"aman/release/risk"
)

var shapes = []struct {
	people int
	dims   []int
}{
	{2000, []int{8, 3, 9, 5}}, {2000, []int{8, 3, 9, 20}}, {20000, []int{8, 3, 9, 20}}, {200000, []int{8, 3, 9, 20}},
	{50000, []int{6, 4, 5, 5, 4, 3}}, {100000, []int{12, 3, 9, 20, 10}},
}

func BenchmarkProtect(b *testing.B) {
	for _, s := range shapes {
		c := crowd(s.people, s.dims...)
		b.Run(fmt.Sprint(s.people, s.dims), func(b *testing.B) {
			var lost Loss
			for b.Loop() {
				p, err := Protect(context.Background(), c, Rules{MinCell: 11})
				if err != nil {
					b.Fatal(err)
				}
				lost = p.Lost(c)
			}
			b.ReportMetric(float64(lost.Primary), "small")
			b.ReportMetric(float64(lost.Complementary), "complementary")
			b.ReportMetric(lost.ShareShown, "shown")
		})
	}
}

func BenchmarkAudit(b *testing.B) {
	for _, s := range shapes[:4] {
		p, err := Protect(context.Background(), crowd(s.people, s.dims...), Rules{MinCell: 11})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint(s.people, s.dims), func(b *testing.B) {
			for b.Loop() {
				if found, err := Audit(context.Background(), p); err != nil || len(found) > 0 {
					b.Fatal(found, err)
				}
			}
		})
	}
}

// shared finds a file of the data by others that lies beside the project, or where AMAN_SHARED says.
func shared(b *testing.B, name string) [][]string {
	dir := os.Getenv("AMAN_SHARED")
	for up := "."; dir == ""; up = filepath.Join(up, "..") {
		if s, err := os.Stat(filepath.Join(up, "shared", "data")); err == nil && s.IsDir() {
			dir = filepath.Join(up, "shared")
		}
		if at, _ := filepath.Abs(up); at == "/" {
			break
		}
	}
	file, err := os.Open(filepath.Join(dir, "data", name))
	if err != nil {
		b.Skipf("the public file %s may not be copied into the project; set AMAN_SHARED to where it is: %v", name, err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		b.Fatal(err)
	}
	return rows
}

// The public Victim-Perpetrator file, made 11-anonymous on all its columns. Beside it: the share of the records that
// would be left out if every record of a smaller class were.
func BenchmarkAnonymiseCTDC(b *testing.B) {
	rows := shared(b, "ctdc/victim-perpetrator-synthetic.csv")
	t, err := risk.FromRows(rows[0], rows[1:])
	if err != nil {
		b.Fatal(err)
	}
	var keys []Key
	var columns []int
	filled := 0
	for i, c := range t.Columns {
		keys, columns = append(keys, Key{Column: i}), append(columns, i)
		for _, code := range c.Codes {
			if code != 0 {
				filled++
			}
		}
	}
	var out risk.Table
	var losses []KeyLoss
	for b.Loop() {
		if out, losses, err = Anonymise(context.Background(), t, keys, Need{K: 11}); err != nil {
			b.Fatal(err)
		}
	}
	lost, dropped := 0, 0
	for _, l := range losses {
		lost += l.Withheld
	}
	c := t.Classes(columns)
	for _, class := range c.Of {
		if c.Size[class] < 11 {
			dropped++
		}
	}
	m, err := Measure(out, columns[1:], Sensitive{Column: 0})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(lost)/float64(filled), "values-lost")
	b.ReportMetric(float64(dropped)/float64(t.Records), "records-of-small-classes")
	b.ReportMetric(float64(m.Classes), "classes")
}

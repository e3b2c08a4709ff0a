package risk_test

import (
	"context"
	"fmt"

	"aman/release/risk"
)

// What a data officer sees before and after the age of the oldest is coarsened.
func ExampleCompare() {
	names := []string{"sex", "age", "citizenship"}
	var rows, coarser [][]string
	for _, g := range []struct {
		sex, age, citizenship string
		records               int
	}{
		{"female", "18-20", "PAK", 14}, {"female", "48+", "PAK", 12}, {"male", "18-20", "PAK", 25},
		{"male", "39-47", "PAK", 11}, {"male", "48+", "AFG", 1},
	} {
		for range g.records {
			rows = append(rows, []string{g.sex, g.age, g.citizenship})
			if g.records < 11 {
				g.age, g.citizenship = "39-47", "PAK"
			}
			coarser = append(coarser, []string{g.sex, g.age, g.citizenship})
		}
	}
	before, _ := risk.FromRows(names, rows)
	after, _ := risk.FromRows(names, coarser)
	report, err := risk.Compare(before, after, names, risk.Options{})
	if err != nil {
		panic(err)
	}
	fmt.Printf("alone: %d, then %d; smallest group: %d, then %d\n",
		report.Before.Uniques, report.After.Uniques, report.Before.Least, report.After.Least)
	for _, p := range []risk.Profile{risk.HDX, risk.CTDC} {
		fmt.Println(p.Name, p.Judge(report.Before).Pass, p.Judge(report.After).Pass, p.Judge(report.After).Reasons[0])
	}
	u, err := risk.SUDA(context.Background(), before, []int{0, 1, 2}, 3)
	if err != nil {
		panic(err)
	}
	for _, set := range u.Sets(before.Records - 1) {
		for _, c := range set {
			fmt.Print(" ", names[c])
		}
		fmt.Println(" tells the last record apart")
	}
	// Output:
	// alone: 1, then 0; smallest group: 1, then 12
	// HDX false false 6.35 % of the records can be expected to be found; HDX allows less than 3 %
	// CTDC false true the smallest group of records that are alike has 12; CTDC asks for 11
	//  citizenship tells the last record apart
	//  sex age tells the last record apart
}

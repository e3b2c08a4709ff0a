package kanon_test

import (
	"context"
	"fmt"
	"os"

	"aman/release/kanon"
	"aman/release/risk"
)

// A table of cases by exploitation and sex, as a page prints it and as a file.
func ExampleProtect() {
	cube, err := kanon.NewCube(
		kanon.Dimension{Name: "exploitation", Codes: []string{"labour", "sexual", "begging"}},
		kanon.Dimension{Name: "sex", Codes: []string{"female", "male"}},
	)
	if err != nil {
		panic(err)
	}
	for _, row := range []struct {
		exploitation, sex string
		people            int64
	}{
		{"labour", "female", 40}, {"labour", "male", 160},
		{"sexual", "female", 75}, {"sexual", "male", 4},
		{"begging", "female", 31}, {"begging", "male", 28},
	} {
		if err := cube.Add(row.people, row.exploitation, row.sex); err != nil {
			panic(err)
		}
	}
	table, err := kanon.Protect(context.Background(), cube, kanon.Rules{MinCell: 11})
	if err != nil {
		panic(err)
	}
	if err := kanon.WriteCSV(os.Stdout, table, "total", "withheld"); err != nil {
		panic(err)
	}
	men, _ := table.At("sexual", "male")
	all, _ := table.At(kanon.All, kanon.All)
	fmt.Println("men, sexual exploitation:", men.Text("–"), "· all:", all.Text("–"))
	lost := table.Lost(cube)
	fmt.Printf("withheld: %d small, %d to protect them\n", lost.Primary, lost.Complementary)
	// Output:
	// exploitation,sex,count
	// labour,female,40
	// labour,male,160
	// labour,total,200
	// sexual,female,withheld
	// sexual,male,withheld
	// sexual,total,79
	// begging,female,withheld
	// begging,male,withheld
	// begging,total,59
	// total,female,146
	// total,male,192
	// total,total,338
	// men, sexual exploitation: – · all: 338
	// withheld: 1 small, 3 to protect them
}

// One month later seven more women are on file. Each table is safe alone; one less the other is not.
func ExampleDifference() {
	ctx, rules := context.Background(), kanon.Rules{MinCell: 11}
	month := func(asOf string, women, men int64) kanon.Cube {
		return kanon.Cube{
			Dims:   []kanon.Dimension{{Name: "sex", Codes: []string{"female", "male"}}},
			Counts: []int64{women, men},
			Of:     kanon.Population{Register: "cases", AsOf: asOf},
		}
	}
	october, err := kanon.Protect(ctx, month("2026-11-01", 40, 60), rules)
	if err != nil {
		panic(err)
	}
	november, err := kanon.Protect(ctx, month("2026-12-01", 47, 80), rules)
	if err != nil {
		panic(err)
	}
	found, err := kanon.Difference(ctx, november, october)
	if err != nil {
		panic(err)
	}
	for _, d := range found {
		fmt.Println(d)
	}
	november, err = kanon.ProtectNext(ctx, month("2026-12-01", 47, 80), rules, october)
	if err != nil {
		panic(err)
	}
	kanon.WriteCSV(os.Stdout, november, "total", "–")
	// Output:
	// sex=female, registered after 2026-11-01, by 2026-12-01: exactly 7
	// sex,count
	// female,–
	// male,–
	// total,127
}

// The one man of 48 or more would stand out, and the other men are too few to spare: no age of a man is shown.
func ExampleAnonymise() {
	var rows [][]string
	for range 12 {
		rows = append(rows, []string{"female", "18-20", "labour"}, []string{"female", "48+", "begging"}, []string{"male", "18-20", "labour"})
	}
	rows = append(rows, []string{"male", "48+", "labour"})
	file, err := risk.FromRows([]string{"sex", "age", "exploitation"}, rows)
	if err != nil {
		panic(err)
	}
	safe, lost, err := kanon.Anonymise(context.Background(), file, []kanon.Key{{Column: 0}, {Column: 1}}, kanon.Need{K: 11})
	if err != nil {
		panic(err)
	}
	levels, err := kanon.Measure(safe, []int{0, 1}, kanon.Sensitive{Column: 2})
	if err != nil {
		panic(err)
	}
	fmt.Println("alike by", levels.K, "in", levels.Classes, "classes; lost:", lost)
	fmt.Println("but one exploitation is certain in some class:", levels.Distinct == 1)
	// Output:
	// alike by 12 in 3 classes; lost: [{sex 0 0} {age 13 0}]
	// but one exploitation is certain in some class: true
}

package kanon_test

import (
	"context"
	"fmt"
	"os"

	"aman/release/kanon"
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

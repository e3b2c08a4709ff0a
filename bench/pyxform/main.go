// Command pyxform compares this module's XLSForm compiler with pyxform, the
// reference program, in one run on one machine.
//
//	go run ./bench/pyxform speed            times both on real forms, prints ratios
//	go run ./bench/pyxform fuzz -n 10000    changes known forms at random and compares
//	                                        verdict and XForm with live pyxform
//
// It needs a Python with pyxform 4.5.0; run.sh makes one. --python names it.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) < 2 {
		usage()
	}
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	python := flags.String("python", "python3", "Python that has pyxform 4.5.0")
	runs := flags.Int("runs", 5, "speed: runs of each program")
	var p plan
	flags.IntVar(&p.n, "n", 1000, "fuzz: forms to try")
	flags.Uint64Var(&p.seed, "seed", 1, "fuzz: where the random changes start")
	flags.IntVar(&p.changes, "changes", 3, "fuzz: most changes to a form")
	flags.StringVar(&p.format, "format", "md", "fuzz: md or csv")
	flags.IntVar(&p.show, "show", 10, "fuzz: differences to print in full")
	flags.BoolVar(&p.crashes, "crashes", false, "fuzz: also print forms that stop pyxform but not this compiler")
	flags.Parse(os.Args[2:])
	var err error
	switch os.Args[1] {
	case "speed":
		err = speed(*python, *runs)
	case "fuzz":
		p.changes = max(p.changes, 1)
		err = fuzz(*python, p)
	default:
		usage()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: go run ./bench/pyxform speed|fuzz [--python PATH] [-n N] [--seed S]")
	os.Exit(2)
}

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
	n := flags.Int("n", 1000, "forms to try")
	seed := flags.Uint64("seed", 1, "where the random changes start")
	changes := flags.Int("changes", 3, "most changes to a form")
	show := flags.Int("show", 10, "differences to print in full")
	crashes := flags.Bool("crashes", false, "also print forms that stop pyxform but not this compiler")
	runs := flags.Int("runs", 5, "runs of each program")
	flags.Parse(os.Args[2:])
	var err error
	switch os.Args[1] {
	case "speed":
		err = speed(*python, *runs)
	case "fuzz":
		err = fuzz(*python, *n, *seed, max(*changes, 1), *show, *crashes)
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

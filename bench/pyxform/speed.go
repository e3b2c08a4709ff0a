package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"time"

	"aman/forms/xlsform"
)

// speed converts the real forms with both programs, in turn, and prints medians.
func speed(python string, runs int) error {
	dir, err := os.MkdirTemp("", "xlsform-speed")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	command := filepath.Join(dir, "convert")
	if out, err := exec.Command("go", "build", "-o", command, "./bench/pyxform/convert").CombinedOutput(); err != nil {
		return fmt.Errorf("building the converter: %w\n%s", err, out)
	}
	fmt.Printf("median of %d runs\n%-10s %14s %14s %8s %14s\n", runs, "form", "pyxform", "aman", "ratio", "in process")
	for _, form := range []string{"htcds", "msna2024"} {
		file := "forms/xlsform/testdata/" + form + ".xlsx"
		out := filepath.Join(dir, form+".xml")
		var peer, ours, inside []time.Duration
		for range runs {
			t, err := timed(func() error {
				return exec.Command(python, "-m", "pyxform.xls2xform", file, out, "--skip_validate").Run()
			})
			if err != nil {
				return fmt.Errorf("pyxform on %s: %w", form, err)
			}
			peer = append(peer, t)
			if t, err = timed(func() error { return exec.Command(command, file).Run() }); err != nil {
				return fmt.Errorf("converting %s: %w", form, err)
			}
			ours = append(ours, t)
			if t, err = timed(func() error { return convertFile(file) }); err != nil {
				return err
			}
			inside = append(inside, t)
		}
		fmt.Printf("%-10s %14s %14s %7.0fx %14s\n", form, round(peer), round(ours), float64(median(peer))/float64(median(ours)), round(inside))
	}
	return nil
}

func timed(f func() error) (time.Duration, error) {
	start := time.Now()
	err := f()
	return time.Since(start), err
}

func convertFile(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	wb, err := xlsform.Read(data, file)
	if err != nil {
		return err
	}
	form, found := xlsform.Compile(wb, xlsform.Options{})
	if form == nil {
		return fmt.Errorf("%s: %v", file, found)
	}
	return form.WriteXForm(io.Discard)
}

func median(d []time.Duration) time.Duration {
	s := append([]time.Duration(nil), d...)
	sort.Slice(s, func(i, j int) bool { return s[i] < s[j] })
	return s[len(s)/2]
}

func round(d []time.Duration) time.Duration { return median(d).Round(100 * time.Microsecond) }

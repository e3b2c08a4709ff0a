package main

import (
	"io"
	"strings"

	qrcode "github.com/boombuler/barcode/qr"
)

// writeQR draws a text as a QR code on a terminal, two rows of squares a line, black on white
// whatever the terminal's own colours are.
func writeQR(w io.Writer, text string) error {
	const margin = 3
	code, err := qrcode.Encode(text, qrcode.L, qrcode.Auto)
	if err != nil {
		return err
	}
	n := code.Bounds().Dx()
	dark := func(x, y int) bool {
		if x < 0 || y < 0 || x >= n || y >= n {
			return false
		}
		c, _, _, _ := code.At(x, y).RGBA()
		return c == 0
	}
	var b strings.Builder
	for y := -margin; y < n+margin; y += 2 {
		b.WriteString("\x1b[38;5;16;48;5;231m")
		for x := -margin; x < n+margin; x++ {
			switch up, down := dark(x, y), dark(x, y+1); {
			case up && down:
				b.WriteRune('█')
			case up:
				b.WriteRune('▀')
			case down:
				b.WriteRune('▄')
			default:
				b.WriteByte(' ')
			}
		}
		b.WriteString("\x1b[0m\n")
	}
	_, err = io.WriteString(w, b.String())
	return err
}

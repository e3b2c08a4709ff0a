package main

import (
	"bytes"
	"image/color"
	"path/filepath"
	"strings"
	"testing"

	qrcode "github.com/boombuler/barcode/qr"
)

// Each square of the code is on the terminal, where it belongs.
func TestQROnATerminal(t *testing.T) {
	const text = "eJyrVspMUbIyNLcw"
	var out bytes.Buffer
	if err := writeQR(&out, text); err != nil {
		t.Fatal(err)
	}
	code, err := qrcode.Encode(text, qrcode.L, qrcode.Auto)
	if err != nil {
		t.Fatal(err)
	}
	const margin = 3
	for i, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		line = strings.TrimSuffix(line[strings.Index(line, "m")+1:], "\x1b[0m")
		for x, r := range []rune(line) {
			for half, dark := range []bool{strings.ContainsRune("█▀", r), strings.ContainsRune("█▄", r)} {
				px, py := x-margin, 2*i+half-margin
				want := px >= 0 && py >= 0 && px < code.Bounds().Dx() && py < code.Bounds().Dx() && code.At(px, py) == color.Black
				if dark != want {
					t.Fatalf("square %d,%d is dark: %v", px, py, dark)
				}
			}
		}
	}
}

func TestAPhoneFromTheCommandLine(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	l := newNode(t, dir)
	if code, _, text := l.run("device", "add", "enumerator", "--qr", "--data", dir); code != exitUsage || !strings.Contains(text, "--origin") {
		t.Errorf("a code that leads nowhere: %d %s", code, text)
	}
	out := l.ok("device", "add", "enumerator", "--qr", "--origin", "https://aman.example.org", "--data", dir)
	if strings.Count(out, "\x1b[0m") < 20 || !strings.Contains(out, "https://aman.example.org/v1/key/") {
		t.Error(out)
	}
	var device struct{ Settings, Password, Token string }
	l.json(&device, "device", "add", "enumerator", "--qr", "--origin", "https://aman.example.org", "--data", dir)
	if device.Settings == "" || len(device.Password) != 23 || strings.Contains(device.Settings, device.Token) {
		t.Errorf("%+v", device)
	}
}

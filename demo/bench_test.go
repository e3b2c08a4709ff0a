package demo

import "testing"

// The whole programme, as aman demo makes it:
//
//	go test ./demo -run xxx -bench Fill -benchtime 1x -cpuprofile cpu.out
func BenchmarkFill(b *testing.B) {
	for b.Loop() {
		filled(b, "", Options{People: 2000, Days: 120, Seed: 1})
	}
}

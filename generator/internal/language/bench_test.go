package language

import "testing"

func BenchmarkOf(b *testing.B) {
	for b.Loop() {
		if Of("de").Say("Send") == "" {
			b.Fatal("nothing")
		}
	}
}

// Package chance is the keyed generator behind every random decision of a
// run. A draw is a pure function of its key, so the order in which goroutines
// ask cannot change what they are told: same seed, same scenario, same
// decisions.
//
// A key is (seed, provider, marker, attempt, purpose) or a part of it; numbers
// flow out. The package keeps no state and knows nothing of what is decided.
package chance

import (
	"math"
	"math/bits"
)

// Key is the identity of one decision. The zero Key is valid.
type Key struct {
	Seed     uint64
	Provider string
	Marker   string
	Attempt  int
	Purpose  string // what is decided: "fail", "ttft", "jitter" …
}

// Bits returns 64 bits that are uniform over keys.
func (k Key) Bits() uint64 {
	h := mix(k.Seed ^ 0x9e3779b97f4a7c15)
	h = mixString(h, k.Provider)
	h = mixString(h, k.Marker)
	h = mix(h ^ uint64(k.Attempt))
	return mixString(h, k.Purpose)
}

// Uniform returns a number in [0, 1).
func (k Key) Uniform() float64 { return float64(k.Bits()>>11) / (1 << 53) }

// Hit tells whether an event of the given probability happens.
func (k Key) Hit(probability float64) bool { return k.Uniform() < probability }

// IntN returns a number in [0, n), and 0 where n < 1.
func (k Key) IntN(n int) int {
	if n < 1 {
		return 0
	}
	hi, _ := bits.Mul64(k.Bits(), uint64(n))
	return int(hi)
}

// Normal returns a standard normal number, by Box and Muller's transform.
func (k Key) Normal() float64 {
	h := k.Bits()
	u := (float64(h>>11) + 0.5) / (1 << 53)
	v := float64(mix(h^0xbf58476d1ce4e5b9)>>11) / (1 << 53)
	return math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*v)
}

// Lognormal returns a number whose median is the given one and whose logarithm
// has the standard deviation sigma.
func (k Key) Lognormal(median, sigma float64) float64 {
	return median * math.Exp(sigma*k.Normal())
}

// mix is the finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// mixString folds a string into h, eight bytes at a time, and its length, so
// that ("ab", "c") and ("a", "bc") are different keys.
func mixString(h uint64, s string) uint64 {
	n := len(s)
	for len(s) >= 8 {
		h = mix(h ^ (uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56))
		s = s[8:]
	}
	var tail uint64
	for i := range len(s) {
		tail |= uint64(s[i]) << (8 * i)
	}
	return mix(h ^ tail ^ uint64(n)<<56)
}

package answer

import (
	"math"

	"brownout/chance"
)

// Vector is the embedding of a text: a unit vector that is a pure function of
// the text and the length, so that any two providers with vectors of the same
// length give the same one. A shorter vector points where the first numbers of
// a longer one do, as those of models that let the caller choose. Texts that
// mean the same do not lie near each other: a mock does not read.
func Vector(text string, dimensions int) []float32 {
	key := chance.Key{Seed: chance.Key{Marker: text, Purpose: "embedding"}.Bits()}
	v := make([]float32, dimensions)
	sum := 0.0
	for i := range v {
		key.Attempt = i
		x := 2*key.Uniform() - 1
		v[i] = float32(x)
		sum += x * x
	}
	if sum == 0 {
		return v
	}
	scale := 1 / math.Sqrt(sum)
	for i := range v {
		v[i] = float32(float64(v[i]) * scale)
	}
	return v
}

package score

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// seconds writes a time for people.
func seconds(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}

// plural counts a noun.
func plural(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.FormatUint(n, 10) + " " + noun + "s"
}

// percent writes a share for people, with as many places as tell it from 100.
func percent(share float64) string {
	switch {
	case share >= 1 || share <= 0 || math.Abs(share-math.Round(share*1000)/1000) < 1e-12:
		return fmt.Sprintf("%.1f %%", 100*share)
	case share > .9999:
		return fmt.Sprintf("%.4f %%", 100*share)
	default:
		return fmt.Sprintf("%.2f %%", 100*share)
	}
}

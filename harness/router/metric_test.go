package router_test

import (
	"bufio"
	"strconv"
	"strings"
)

// metric is the value of one of the router's series, named with its labels as
// the metrics write it; 0 where it is not there.
func (w *world) metric(series string) float64 {
	w.t.Helper()
	res, err := w.client.Get("http://router/metrics")
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if v, ok := strings.CutPrefix(lines.Text(), series+" "); ok {
			x, err := strconv.ParseFloat(v, 64)
			if err != nil {
				w.t.Fatal(err)
			}
			return x
		}
	}
	return 0
}

package reports_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"brownout/reports"
)

func TestAReportComputedAgain(t *testing.T) {
	const kept = `{"schema":"brownout.report/1","score":{"total":84.10},"windows":[{"fault":"a","p95_s":1},{"fault":"b","p95_s":2}],"old":1}`
	for _, c := range []struct {
		name, now       string
		identical       bool
		different       []string
		fresh, gone     []string
		says, saysNever string
	}{
		{name: "the same", now: kept, identical: true, says: "IDENTICAL  7 events give the report that was written, bit for bit\n"},
		{
			name:  "a newer version tells more",
			now:   `{"schema":"brownout.report/1","score":{"total":84.10,"low":80},"windows":[{"fault":"a","p95_s":1,"wait":3},{"fault":"b","p95_s":2,"wait":4}],"old":1}`,
			fresh: []string{"score.low", "windows[].wait"}, says: "told only now: score.low, windows[].wait\n", saysNever: "DIFFERENT",
		},
		{
			name: "a figure and a field less",
			now:  `{"schema":"brownout.report/1","score":{"total":84.1},"windows":[{"fault":"a","p95_s":1},{"fault":"b","p95_s":2.5}]}`,
			gone: []string{"old"}, different: []string{"score.total: 84.10, and now 84.1", "windows[1].p95_s: 2, and now 2.5"}, says: "DIFFERENT", saysNever: "IDENTICAL",
		},
		{
			name: "a window less", now: `{"schema":"brownout.report/1","score":null,"windows":[{"fault":"a","p95_s":1}],"old":1}`,
			different: []string{"score: an object, and now null", "windows: a list of 2, and now a list of 1"}, says: "DIFFERENT",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := reports.CompareAgain([]byte(kept), []byte(c.now))
			if err != nil || a.Identical != c.identical || !slices.Equal(a.Different, c.different) || !slices.Equal(a.New, c.fresh) || !slices.Equal(a.Gone, c.gone) {
				t.Errorf("%+v, %v", a, err)
			}
			var b bytes.Buffer
			reports.WriteAgain(&b, a, "report.json", 7)
			if !strings.Contains(b.String(), c.says) || c.saysNever != "" && strings.Contains(b.String(), c.saysNever) {
				t.Error(b.String())
			}
		})
	}
	if _, err := reports.CompareAgain([]byte("{"), []byte(kept)); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a damaged report: %v", err)
	}
}

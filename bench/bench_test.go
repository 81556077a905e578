package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"brownout/harness/journal"
	"brownout/harness/score"
	"brownout/plan"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A journal that is made up is one that the score can read, and whose outage
// was failed over.
func TestMadeUpJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), journalName)
	const requests = 15 * journalRate
	if err := makeJournal(path, requests); err != nil {
		t.Fatal(err)
	}
	snap, stats, err := score.Read(path)
	if err != nil || stats.Truncated {
		t.Fatalf("%v, %+v", err, stats)
	}
	if snap.Requests.Total != requests || snap.Requests.Failed != requests/3/500 || snap.Verdict != score.Pass || !snap.Windows[0].FailedOver {
		t.Errorf("%+v, verdict %s %q", snap.Requests, snap.Verdict, snap.Reasons)
	}
	if n := snap.Tracing.Attempts[2]; n != 6667 { // but for the questions that several requests share
		t.Errorf("attempts %v", snap.Tracing.Attempts)
	}
}

// Every stage answers, and each gets a row.
func TestChain(t *testing.T) {
	for _, stream := range []bool{false, true} {
		o := &options{rounds: 1, span: 50 * time.Millisecond, workers: 2}
		text, err := chain(t.Context(), o, stream)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"bare handler", "mock", "link to the mock", "pass-through proxy to the link", "bundled router to the mock"} {
			i := strings.Index(text, "\n| "+name+" | ")
			if i < 0 {
				t.Errorf("no row of %q:\n%s", name, text)
				continue
			}
			row, _, _ := strings.Cut(text[i+1:], "\n")
			if !strings.HasSuffix(row, "| 0 |") || strings.Contains(row, "| 0 (") || strings.Contains(row, name+" | 0 |") {
				t.Errorf("it did not answer: %s", row)
			}
		}
		if strings.Count(text, "Bundled router over pass-through proxy") != 2 {
			t.Errorf("the ratios are missing:\n%s", text)
		}
	}
}

// The highest rate is that of the last second in time: one late second is
// forgiven, two in a row are the end.
func TestHighestSteadyRate(t *testing.T) {
	for name, c := range map[string]struct {
		late []int // seconds
		want float64
	}{
		"always in time":  {nil, 1050},
		"one late second": {[]int{5}, 1050},
		"two late ones":   {[]int{5, 6, 9}, 450},
		"late at first":   {[]int{1}, 1050},
		"always late":     {[]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), journalName)
			w, err := journal.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			m := maker{w: w}
			load := plan.Load{Duration: 10 * time.Second, Profile: []plan.Point{{Rate: 100}, {At: 10 * time.Second, Rate: 1100}}}
			m.add(0, &journal.RunStarted{Schema: journal.Schema, Plan: plan.Plan{Load: load}})
			for sec := 1; sec <= 10; sec++ {
				e := &journal.Instrument{Hits: 1, LagP99: time.Millisecond}
				for _, late := range c.late {
					if late == sec {
						e.LagP99 = maxLag + 1
					}
				}
				m.add(time.Duration(sec)*time.Second, e)
			}
			m.add(11*time.Second, &journal.RunFinished{})
			if m.err != nil || w.Close() != nil {
				t.Fatal(m.err)
			}
			if got, _, err := highest(path); err != nil || got != c.want {
				t.Errorf("%v requests/s, %v; want %v", got, err, c.want)
			}
		})
	}
}

func TestHeadersOfAGateway(t *testing.T) {
	var h headerFlag
	if err := h.Set("X-Config: {\"a\": 1}"); err != nil || headers(map[string][]string(h)).Get("X-Config") != `{"a": 1}` {
		t.Errorf("%v, %v", err, h)
	}
	if h.Set("no colon") == nil {
		t.Error("a header without a colon is accepted")
	}
}

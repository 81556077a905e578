package replay_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"brownout/harness/journal"
	"brownout/harness/replay"
	"brownout/harness/score"
	"brownout/plan"
)

// records are a run of 20 s, ten requests a second, with a fault from 8 s to
// 12 s that fails every other one.
func records() []journal.Record {
	p := plan.Plan{
		Scenario: "made-up",
		Load: plan.Load{
			Profile: []plan.Point{{Rate: 10}}, Duration: 20 * time.Second,
			Mix: []plan.Mix{{Kind: plan.KindChat, Weight: 1, Deadline: 4 * time.Second, Degraded: .7}},
		},
		Providers: []plan.Provider{{Name: "alpha", Class: plan.ClassCloud}},
		Faults:    []plan.Fault{{Name: "upset", Kind: "outage", On: []string{"alpha"}, At: 8 * time.Second, For: 4 * time.Second, Horizon: 8 * time.Second, Share: 1}},
		Promise:   plan.DefaultPromise, Weights: plan.DefaultWeights,
	}
	out := []journal.Record{{Seq: 1, Event: &journal.RunStarted{Schema: journal.Schema, RunID: "r1", Plan: p}}}
	add := func(t time.Duration, e journal.Event) {
		out = append(out, journal.Record{Seq: uint64(len(out) + 1), T: t, Event: e})
	}
	for i := range 200 {
		at := time.Duration(i) * 100 * time.Millisecond
		switch at {
		case 8 * time.Second:
			add(at, &journal.FaultOn{Name: "upset", Fault: "outage", On: []string{"alpha"}, Confirmed: true})
		case 12 * time.Second:
			add(at, &journal.FaultOff{Name: "upset", Fault: "outage", On: []string{"alpha"}, Confirmed: true})
		}
		s := &journal.Sample{Marker: fmt.Sprint("chat-", i), Request: plan.KindChat, Scheduled: at, Total: 50 * time.Millisecond, Outcome: journal.OK, Value: 1, Status: 200}
		if at >= 8*time.Second && at < 12*time.Second && i%2 == 0 {
			s.Outcome, s.Value, s.Status, s.Reason = journal.Failed, 0, 502, "server_error"
		}
		add(at+50*time.Millisecond, s)
	}
	add(20*time.Second, &journal.RunFinished{})
	return out
}

// write puts records into a journal; cut leaves out its end.
func write(t *testing.T, rs []journal.Record) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.jsonl.zst")
	w, err := journal.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rs {
		if err := w.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// fold is what a board knows after the records up to a moment.
func fold(rs []journal.Record, until time.Duration) *score.Snapshot {
	b := score.NewBoard()
	for _, r := range rs {
		if r.T <= until {
			b.Fold(r)
		}
	}
	return b.Snapshot()
}

func play(t *testing.T, path string, speed float64) *replay.Player {
	t.Helper()
	p, err := replay.Open(t.Context(), path, speed)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func stop(p *replay.Player) {
	p.Stop()
	<-p.Done()
}

// settle lets the player publish what an order has done.
func settle() { time.Sleep(replay.PublishEvery); synctest.Wait() }

func TestAReplayIsTheSameFold(t *testing.T) {
	rs := records()
	path := write(t, rs)
	synctest.Test(t, func(t *testing.T) {
		p := play(t, path, 1)
		defer stop(p)
		p.Pause()
		for _, to := range []time.Duration{9 * time.Second, 3 * time.Second, 15500 * time.Millisecond, 0, 20 * time.Second} {
			p.Seek(to)
			settle()
			if at := p.State().At; at != to {
				t.Fatalf("sought %v and is at %v", to, at)
			}
			got, want := p.Snapshot(), fold(rs, to)
			if !reflect.DeepEqual(got.Score, want.Score) || got.Requests != want.Requests || got.Seq != want.Seq || got.Verdict != want.Verdict {
				t.Errorf("at %v: replayed score %+v, %+v, live it was %+v, %+v", to, got.Score.Total, got.Requests, want.Score.Total, want.Requests)
			}
		}
	})
}

func TestSpeedPauseAndJumps(t *testing.T) {
	path := write(t, records())
	synctest.Test(t, func(t *testing.T) {
		p := play(t, path, 2)
		defer stop(p)
		near := func(what string, want time.Duration) {
			t.Helper()
			settle()
			if got := p.State().At; got < want-500*time.Millisecond || got > want+500*time.Millisecond {
				t.Errorf("%s: at %v, want about %v", what, got, want)
			}
		}
		time.Sleep(2 * time.Second)
		near("two seconds at twice the speed", 4*time.Second)
		p.Pause()
		at := p.State().At
		time.Sleep(5 * time.Second)
		near("paused", at)
		p.NextFault()
		near("the injection", 8*time.Second)
		p.NextFault()
		near("the clearance", 12*time.Second)
		p.PreviousFault()
		near("back at the injection", 8*time.Second)
		p.Skip(-5 * time.Second)
		near("five seconds back", 3*time.Second)
		p.Faster(1000)
		if p.State(); p.State().Speed > replay.Fastest {
			t.Errorf("speed %v is beyond the fastest", p.State().Speed)
		}
		p.Pause()
		time.Sleep(2 * time.Second)
		settle()
		if s := p.State(); !s.AtEnd || s.At != s.Length || !p.Snapshot().Finished {
			t.Errorf("at the end: %+v, finished %v", s, p.Snapshot().Finished)
		}
		p.Seek(time.Second)
		settle()
		if s := p.State(); s.AtEnd || p.Snapshot().Finished {
			t.Errorf("back from the end: %+v, finished %v", s, p.Snapshot().Finished)
		}
	})
}

func TestAJournalThatWasCutOff(t *testing.T) {
	rs := records()
	path := write(t, rs[:150])
	synctest.Test(t, func(t *testing.T) {
		p := play(t, path, replay.Fastest)
		defer stop(p)
		time.Sleep(time.Second)
		settle()
		s := p.Snapshot()
		if s.Verdict != score.Inconclusive || s.Error == "" || s.Requests.Total == 0 {
			t.Errorf("verdict %s, error %q, %d requests", s.Verdict, s.Error, s.Requests.Total)
		}
	})
}

func TestWhatCannotBePlayed(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "other")
	if err := os.WriteFile(other, []byte("no journal"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path  string
		speed float64
	}{
		"no file":    {filepath.Join(dir, "nothing"), 1},
		"no journal": {other, 1},
		"no speed":   {write(t, records()), 0},
		"too fast":   {write(t, records()), 1000},
	} {
		if p, err := replay.Open(t.Context(), c.path, c.speed); err == nil {
			stop(p)
			t.Errorf("%s: it plays", name)
		}
	}
}

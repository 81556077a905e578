package load_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
	"github.com/tsenart/vegeta/v12/lib/plot"

	"brownout/harness/load"
	"brownout/mocks/wire"
	"brownout/plan"
)

func TestVegetaReadsTheResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var file bytes.Buffer
		var n atomic.Int64
		start := time.Now().Add(-30 * time.Millisecond) // the first request is late
		r, err := load.New(load.Config{
			Plan: steady(10, 2*time.Second, of(plan.KindChat)), BaseURL: "http://target.test", Model: "m",
			Start: start, Emit: new(samples).emit, VegetaResults: &file,
			Transport: memory{func(w http.ResponseWriter, r *http.Request) {
				switch i := n.Add(1) - 1; {
				case i == 3:
					hang(w, r) // ends last
				case i == 5:
					openAI.WriteFailure(w, &wire.Failure{Kind: wire.FailRateLimit})
				case i == 7:
					answering(func(a *wire.Answer, q question) { a.Text = firstHalf(q) })(w, r)
				default:
					sleep(r, 50*time.Millisecond)
					good(w, r)
				}
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}

		decode := vegeta.DecoderFor(bytes.NewReader(file.Bytes()))
		if decode == nil {
			t.Fatal("vegeta does not know the encoding")
		}
		var all vegeta.Results
		var metrics vegeta.Metrics
		chart := plot.New()
		for {
			var v vegeta.Result
			if err := decode(&v); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			all = append(all, v)
			metrics.Add(&v)
			if err := chart.Add(&v); err != nil {
				t.Fatal(err)
			}
		}
		metrics.Close()
		chart.Close()
		if _, err := chart.WriteTo(io.Discard); err != nil {
			t.Fatal(err)
		}
		if metrics.Requests != 20 || len(metrics.Errors) != 3 || metrics.StatusCodes["200"] != 18 {
			t.Errorf("%d requests, errors %v, codes %v", metrics.Requests, metrics.Errors, metrics.StatusCodes)
		}
		slices.SortFunc(all, func(a, b vegeta.Result) int { return int(a.Seq) - int(b.Seq) })
		errs := map[uint64]string{3: "hung:timeout", 5: "failed:rate_limit", 7: "corrupt:truncated"}
		for i, v := range all {
			latency := 50 * time.Millisecond
			switch i {
			case 0:
				latency += 30 * time.Millisecond
			case 3:
				latency = 4 * time.Second
			case 5, 7:
				latency = 0
			}
			due := start.Add(time.Duration(i) * 100 * time.Millisecond)
			if v.Attack != "steady" || v.Seq != uint64(i) || !v.Timestamp.Equal(due) || v.Latency != latency || v.Error != errs[v.Seq] {
				t.Errorf("result %d: %+v", i, v)
			}
		}
	})
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestUnwritableResultsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := load.New(load.Config{
			Plan: one(of(plan.KindChat)), BaseURL: "http://target.test", Model: "m", Start: time.Now(),
			Emit: new(samples).emit, VegetaResults: full{}, Transport: memory{good},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Run(t.Context()); err == nil {
			t.Error("no error though nothing could be written")
		}
	})
}

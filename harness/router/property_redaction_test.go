package router_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"brownout/plan"
)

// Whatever breaks, and whoever goes on: each client reads one whole answer with
// its own values, or is told that there is none, and no provider of the cloud
// is ever shown a value or any part of one.
func TestRedactionSoundUnderRandomFaults(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var fakes []*fake
		for _, name := range []string{"a", "b", "c"} {
			f := backend(name, nil)
			f.Dialect = rapid.SampledFrom([]string{"openai", "anthropic", "vllm", "gemini", "bedrock"}).Draw(rt, name+" dialect")
			f.Class = rapid.SampledFrom([]string{plan.ClassCloud, plan.ClassManaged, plan.ClassGPU}).Draw(rt, name+" class")
			bits := rapid.IntRange(1, 9).Draw(rt, name+" bits")
			stops := rapid.SliceOfN(rapid.IntRange(0, 130), 1, 4).Draw(rt, name+" stops") // bytes before it breaks; many: it does not
			f.script = func(n int) act {
				if stop := stops[n%len(stops)]; stop < 100 {
					return unlessUnary(addresses(bits, stop/bits, cuts))
				}
				return addresses(bits, 0, nil)
			}
			fakes = append(fakes, f)
		}
		set := redacting()
		set.Continuation.Most = 4
		set.RetryBudget.Floor = 100
		n := rapid.IntRange(1, 5).Draw(rt, "requests")
		stream := rapid.SliceOfN(rapid.Bool(), n, n).Draw(rt, "streams")
		var wrong []string
		run(t, set, fakes, func(w *world) {
			var mu sync.Mutex
			var all sync.WaitGroup
			for i := range n {
				all.Go(func() {
					who := fmt.Sprintf("person%d.solberg@example.org", i)
					more := map[string]any{"messages": []map[string]string{{"role": "user", "content": "Write to: " + who + " of somebody"}}}
					g := w.send(ask{stream: stream[i], more: more, deadline: 4 * time.Second})
					want := strings.ReplaceAll(miraAnswer, mira, who)
					if g.fail == nil && g.text != want || g.fail != nil && !strings.HasPrefix(want, g.text) || g.err != nil {
						mu.Lock()
						defer mu.Unlock()
						wrong = append(wrong, fmt.Sprintf("client %d read %q, failure %v, %v", i, g.text, g.fail, g.err))
					}
				})
			}
			all.Wait()
			synctest.Wait()
			for _, f := range fakes {
				f.mu.Lock()
				bodies := f.bodies
				f.mu.Unlock()
				for _, b := range bodies {
					if f.Class != plan.ClassGPU && strings.Contains(b, "pers") && strings.Contains(b, "person") {
						wrong = append(wrong, f.Name+" was shown "+b)
					}
				}
			}
		})
		if len(wrong) > 0 {
			rt.Fatalf("%s", strings.Join(wrong, "\n"))
		}
	})
}

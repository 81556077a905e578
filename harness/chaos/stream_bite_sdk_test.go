//go:build !race

package chaos_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"brownout/harness/chaos"
	"brownout/mocks"
)

// Each fault of streams and answers is felt by each official client, in the way
// that this client feels it, through a real link; calls that it is not about
// stay as they are; and once it is cleared the same pool serves as before.
func TestSDKsFeelFaultsAndHeal(t *testing.T) {
	for _, b := range sdkBites() {
		for _, s := range sdks() {
			if slices.Contains(b.not, s.name) {
				continue
			}
			t.Run(b.name+"/"+s.name, func(t *testing.T) {
				p := newSDKPath(t, s.preset)
				model := p.Provider.Spec().Models[0].ID
				ask := func(stream bool, patience time.Duration) (said, mocks.Observation) {
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					got := s.ask(ctx, p, model, "Answer in 20 words. [[bo:m]]", stream)
					return got, p.call(t)
				}
				for _, stream := range []bool{false, true} {
					if got, _ := ask(stream, 10*time.Second); s.outcome(got, "m") != isWhole {
						t.Fatalf("before the fault: %+v", got)
					}
				}
				end := p.inject(t, b.kind, b.params, chaos.Env{})
				for _, stream := range []bool{false, true} {
					want, patience := b.chat.of(s.name), 10*time.Second
					if stream {
						want = b.stream.of(s.name)
						if b.name == "stall" {
							patience = 300 * time.Millisecond
						}
					}
					got, o := ask(stream, patience)
					if is := s.outcome(got, "m"); is != want {
						t.Errorf("stream %v: %s (%q, finish %q, %s), want %s", stream, is, got.text, got.finish, inShort(got.err), want)
					}
					if touched := slices.Contains(o.Faults, b.kind); touched == (b.streamsOnly && !stream) {
						t.Errorf("stream %v: touched by %q", stream, o.Faults)
					}
					if b.check != nil {
						b.check(t, s, stream, got, o)
					}
				}
				end()
				for _, stream := range []bool{false, true, false} {
					if got, o := ask(stream, 10*time.Second); s.outcome(got, "m") != isWhole || len(o.Faults) > 0 {
						t.Errorf("stream %v, after the fault: %s, %+v", stream, s.outcome(got, "m"), o)
					}
				}
				for len(p.dialed) > 0 {
					<-p.dialed
				}
				ask(false, 10*time.Second)
				if len(p.dialed) > 0 {
					t.Error("the pool's connections are of no use after the fault")
				}
			})
		}
	}
}

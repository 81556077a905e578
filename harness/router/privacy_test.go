package router_test

import (
	"net/http"
	"slices"
	"testing"

	"brownout/mocks/wire"
	"brownout/plan"
)

func TestPrivacyFailsClosed(t *testing.T) {
	cloud, gpu := backend("a", always(answers("from a", 0))), backend("b", always(fails(wire.FailServer, 0)))
	gpu.Class, gpu.Region = plan.ClassGPU, "r2"
	nameless := backend("c", always(answers("from c", 0)))
	nameless.Class, nameless.Region = "", ""
	all := []*fake{cloud, gpu, nameless}
	tests := []struct {
		name    string
		allow   []string
		regions []string
		status  int
		calls   []int // of a, b, c
	}{
		{"not restricted", nil, nil, 200, []int{1, 0, 0}},
		{"allowed one fails", []string{"gpu"}, nil, 500, []int{0, 2, 0}},
		{"several", []string{"gpu, edge"}, nil, 500, []int{0, 2, 0}},
		{"nobody", []string{"edge"}, nil, 403, []int{0, 0, 0}},
		{"empty header", []string{""}, nil, 403, []int{0, 0, 0}},
		{"region", nil, []string{"r2"}, 500, []int{0, 2, 0}},
		{"class and region apart", []string{"cloud"}, []string{"r2"}, 403, []int{0, 0, 0}},
		{"other case is another word", []string{"GPU"}, nil, 403, []int{0, 0, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, f := range all {
				f.calls = nil
			}
			run(t, instant, all, func(w *world) {
				h := http.Header{}
				if tt.allow != nil {
					h[wire.HeaderAllow] = tt.allow
				}
				if tt.regions != nil {
					h[wire.HeaderRegions] = tt.regions
				}
				g := w.send(ask{header: h})
				calls := []int{cloud.count(), gpu.count(), nameless.count()}
				if g.status != tt.status || !slices.Equal(calls, tt.calls) {
					t.Errorf("status %d calls %v, want %d %v", g.status, calls, tt.status, tt.calls)
				}
				if tt.status == 403 {
					w.wantDid("refused")
				}
			})
		})
	}
}

package tui

import (
	"testing"
	"time"

	"brownout/harness/score"
	"brownout/plan"

	"pgregory.net/rapid"
)

// TestRareOutcomesAreSeen: whatever the mixture, a column is no higher than the
// chart, every outcome that occurred has a row as long as there are rows, and
// none that did not occur has one.
func TestRareOutcomesAreSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(5, 40).Draw(t, "rows")
		var st stack
		for i := range st {
			if rapid.Bool().Draw(t, "occurs") {
				st[i] = rapid.Float64Range(0.01, 5000).Draw(t, "rate")
			}
		}
		top := st.sum() * rapid.Float64Range(1, 1.2).Draw(t, "room")
		sum := 0
		for i, n := range st.cellsOf(rows, top) {
			sum += n
			if (st[i] > 0) != (n > 0) {
				t.Fatalf("outcome %d of %v has %d of %d rows: %v", i, st, n, rows, st.cellsOf(rows, top))
			}
		}
		if sum > rows {
			t.Fatalf("%d rows in a chart of %d", sum, rows)
		}
	})
}

func TestAxis(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := axis{whole: time.Duration(rapid.IntRange(1, 7200).Draw(t, "seconds")) * time.Second, cols: rapid.IntRange(1, 250).Draw(t, "columns")}
		have := rapid.IntRange(0, 7300).Draw(t, "have")
		next := 0
		for c := range x.cols {
			from, to := x.seconds(c, have)
			if from > to || to > have || from > next {
				t.Fatalf("column %d covers %d to %d of %d, the one before ended at %d", c, from, to, have, next)
			}
			next = max(next, to)
			if got := x.col(x.at(c) + x.whole/time.Duration(4*x.cols)); got != c {
				t.Fatalf("the moment of column %d is in column %d", c, got)
			}
		}
	})
}

func TestPaperKeepsToItsCells(t *testing.T) {
	tests := []struct {
		name string
		draw func(area)
		want string
	}{
		{"a wide grapheme over the edge is dropped", func(a area) { a.put(0, 0, inkText, "abc宽") }, "abc"},
		{"half a wide grapheme overwritten", func(a area) { a.put(0, 0, inkText, "宽宽"); a.put(1, 0, inkText, "x") }, " x宽"},
		{"its left half overwritten", func(a area) { a.put(0, 0, inkText, "宽宽"); a.put(0, 0, inkText, "x") }, "x 宽"},
		{"two wide ones crossed by a third", func(a area) { a.put(0, 0, inkText, "宽宽"); a.put(1, 0, inkText, "高") }, " 高"},
		{"beyond an area inside", func(a area) { a.sub(1, 0, 2, 1).put(0, 0, inkText, "abc") }, " ab"},
		{"before an area inside", func(a area) { a.sub(1, 0, 2, 1).put(-1, 0, inkText, "abc") }, " bc"},
		{"an area beyond the sheet", func(a area) { a.sub(9, 9, 9, 9).put(0, 0, inkText, "abc") }, ""},
		{"control characters and sequences", func(a area) { a.put(0, 0, inkText, "a\x1b[31mb\r\n\x07c") }, "abc"},
		{"a mark stays on its letter", func(a area) { a.put(0, 0, inkText, "e\u0301x") }, "e\u0301x"},
		{"cut with an ellipsis", func(a area) { a.text(0, 0, 3, inkText, "abcd") }, "ab…"},
		{"to the right", func(a area) { a.right(0, 0, 4, inkText, "ab") }, "  ab"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			th := newTheme(Options{NoColor: true})
			p := newPaper(4, 1)
			tt.draw(p.all(th))
			if got := p.render(th); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestFaultsAreShownAsRecorded(t *testing.T) {
	s := &score.Snapshot{
		Plan:    &plan.Plan{Faults: []plan.Fault{{Name: "a", At: 10 * time.Second, For: 5 * time.Second}, {Name: "b", At: 20 * time.Second, For: 5 * time.Second}}},
		Windows: []score.Window{{Fault: "a", Injected: 11 * time.Second, Cleared: 17 * time.Second, End: 19 * time.Second}},
	}
	got := stretches(s)
	if got[0].from != 11*time.Second || got[0].until != 17*time.Second || got[0].end != 19*time.Second {
		t.Errorf("a is shown as %+v", got[0])
	}
	if got[1].from != 20*time.Second || got[1].until != 25*time.Second {
		t.Errorf("b is shown as %+v", got[1])
	}
}

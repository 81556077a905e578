package journal_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"brownout/harness/journal"
)

// wrapped is what encoding/json makes of a record.
func wrapped(t testing.TB, r journal.Record) string {
	fields, err := json.Marshal(r.Event)
	if err != nil {
		t.Fatal(err)
	}
	head := fmt.Sprintf(`{"seq":%d,"t":%d,"k":%q`, r.Seq, r.T, r.Event.Kind())
	if string(fields) == "{}" {
		return head + "}\n"
	}
	return head + "," + string(fields[1:]) + "\n"
}

func TestEveryKindGoesRound(t *testing.T) {
	events := append(empty(), full()...)
	kinds := make(map[journal.Kind]bool)
	for i, e := range events {
		kinds[e.Kind()] = true
		r := journal.Record{Seq: uint64(i + 1), T: time.Duration(i) * time.Second, Event: e}
		line, err := journal.Encode([]byte("kept"), r)
		if err != nil {
			t.Fatalf("%s: %v", e.Kind(), err)
		}
		if want := "kept" + wrapped(t, r); string(line) != want {
			t.Errorf("%s:\n got %s\nwant %s", e.Kind(), line, want)
		}
		back, err := journal.Decode(line[len("kept"):])
		if err != nil {
			t.Fatalf("%s: %v", e.Kind(), err)
		}
		if !reflect.DeepEqual(back, r) {
			t.Errorf("%s:\n got %+v\nwant %+v", e.Kind(), back.Event, r.Event)
		}
	}
	if len(kinds) != 17 {
		t.Errorf("%d kinds tested", len(kinds))
	}
}

// The hand-written lines are what encoding/json would write, for any value.
func TestHotEventsAreWrittenAsJSON(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", `"`, `\`, "a\"b\\c", "\x00", "\u2028", "\xff", "<&>", "ü"}))
	number := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1e-6, 9.9e-7, 1e-9, 1e-10, 1e20, 1e21, 1e22, -1e-7, math.MaxFloat64}))
	rapid.Check(t, func(rt *rapid.T) {
		s := &journal.Sample{
			Marker: text.Draw(rt, "marker"), Detail: text.Draw(rt, "detail"), Value: number.Draw(rt, "value"),
			Sent: time.Duration(rapid.Int64().Draw(rt, "sent")), Outcome: journal.Outcome(text.Draw(rt, "outcome")),
		}
		c := &journal.Call{
			Faults: rapid.SliceOf(text).Draw(rt, "faults"), CostUSD: number.Draw(rt, "cost"),
			RetryAfter: time.Duration(rapid.Int64().Draw(rt, "retry_after")),
			Early:      rapid.Bool().Draw(rt, "early"), TTFT: time.Duration(rapid.Int64().Draw(rt, "ttft")),
		}
		i := &journal.Instrument{CPU: number.Draw(rt, "cpu"), Hits: rapid.Uint64().Draw(rt, "hits")}
		for _, e := range []journal.Event{s, c, i} {
			r := journal.Record{Seq: rapid.Uint64().Draw(rt, "seq"), T: 1, Event: e}
			line, err := journal.Encode(nil, r)
			if err != nil {
				rt.Fatal(err)
			}
			if want := wrapped(t, r); string(line) != want {
				rt.Fatalf("\n got %s\nwant %s", line, want)
			}
		}
	})
}

func TestEncodeRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		e    journal.Event
		want string
	}{
		{"no event", nil, "has no event"},
		{"NaN", &journal.Sample{Value: math.NaN()}, "value is NaN"},
		{"infinity", &journal.Call{CostUSD: math.Inf(1)}, "cost_usd is +Inf"},
	} {
		line, err := journal.Encode([]byte("kept"), journal.Record{Seq: 7, Event: c.e})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "record 7") {
			t.Errorf("%s: %v", c.name, err)
		}
		if string(line) != "kept" {
			t.Errorf("%s left %q", c.name, line)
		}
	}
}

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		name, line string
		want       journal.Event
	}{
		{"a field of the future, hot", `{"seq":1,"t":0,"k":"sample","marker":"m","mood":{"a":[1,"}"]},"status":200}`, &journal.Sample{Marker: "m", Status: 200}},
		{"a field of the future, rare", `{"seq":1,"t":0,"k":"note","text":"hi","mood":null}`, &journal.Note{Text: "hi"}},
		{"another order and space", ` { "text" : "hi" , "k" : "note", "t":0,"seq":1 } ` + "\r\n", &journal.Note{Text: "hi"}},
		{"escapes", `{"seq":1,"t":0,"k":"sample","marker":"\u00e9\n\"","detail":null}`, &journal.Sample{Marker: "é\n\""}},
		{"null for a list", `{"seq":1,"t":0,"k":"call","faults":null,"early":null,"cost_usd":null}`, &journal.Call{}},
	} {
		r, err := journal.Decode([]byte(c.line))
		if err != nil || !reflect.DeepEqual(r.Event, c.want) || r.Seq != 1 {
			t.Errorf("%s: %+v, %v", c.name, r.Event, err)
		}
	}
	for _, line := range []string{
		"", "{", "}", "[]", "null", "{}x", `{"seq":1`, `{"seq":}`, `{"seq":-1,"t":0,"k":"note"}`, `{"seq":1,"t":"0","k":"note"}`,
		`{"seq":1,"t":0,"k":"sample","status":1.5}`, `{"seq":1,"t":0,"k":"sample","value":"1"}`, `{"seq":1,"t":0,"k":"sample","value":Inf}`,
		`{"seq":1,"t":0,"k":"sample","value":0x1p-2}`, `{"seq":1,"t":0,"k":"sample","marker":m}`, `{"seq":1,"t":0,"k":"sample","marker":"m}`,
		`{"seq":1,"t":0,"k":"call","stream":1}`, `{"seq":1,"t":0,"k":"call","faults":"x"}`, `{"seq":1,"t":0,"k":"note","text":1}`,
		`{"seq":1,"t":0,"k":"note",}`, `{"seq" 1}`, `{"seq":1,"t":0,"k":"sample","marker":"m"`, `{"k":"sample","marker":"a"b"}`,
	} {
		if r, err := journal.Decode([]byte(line)); err == nil || errors.Is(err, journal.ErrUnknownKind) && r.Event == nil && line != "{}" {
			t.Errorf("%s: %+v, %v", line, r, err)
		}
	}
	r, err := journal.Decode([]byte(`{"seq":9,"t":5,"k":"dream","of":"sheep"}`))
	if !errors.Is(err, journal.ErrUnknownKind) || !strings.Contains(err.Error(), "dream") || r.Seq != 9 || r.T != 5 {
		t.Errorf("unknown kind: %+v, %v", r, err)
	}
}

func FuzzDecode(f *testing.F) {
	for i, e := range append(empty(), full()...) {
		line, err := journal.Encode(nil, journal.Record{Seq: uint64(i), Event: e})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(line)
	}
	f.Add([]byte(`{"k":"sample","marker":"\ud800","value":1e-7,"x":[{"]":"}"}]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := journal.Decode(line)
		if err != nil {
			return
		}
		again, err := journal.Encode(nil, r)
		if err != nil {
			t.Fatalf("decoded, but cannot be encoded: %v", err)
		}
		if string(again) != wrapped(t, r) {
			t.Fatalf("\n got %s\nwant %s", again, wrapped(t, r))
		}
		back, err := journal.Decode(again)
		if err != nil {
			t.Fatalf("%s: %v", again, err)
		}
		third, err := journal.Encode(nil, back)
		if err != nil || string(third) != string(again) {
			t.Fatalf("%s became %s, %v", again, third, err)
		}
	})
}

func TestEncodeDoesNotAllocate(t *testing.T) {
	r := journal.Record{Seq: 1, Event: sample(1)}
	var buf []byte
	if n := testing.AllocsPerRun(100, func() { buf, _ = journal.Encode(buf[:0], r) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkEncode(b *testing.B) {
	r := journal.Record{Seq: 1, Event: sample(1)}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = journal.Encode(buf[:0], r)
	}
	b.SetBytes(int64(len(buf)))
}

func BenchmarkDecode(b *testing.B) {
	line, err := journal.Encode(nil, journal.Record{Seq: 1, Event: sample(1)})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := journal.Decode(line); err != nil {
			b.Fatal(err)
		}
	}
}

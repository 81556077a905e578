package journal_test

import (
	"fmt"
	"reflect"
	"time"

	"brownout/harness/journal"
	"brownout/plan"
)

// fill sets every exported field of the struct v to something that is not its
// zero value, so that a field added to an event is tested without a word here.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d \"quoted\" \\ <é>\n", *n))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n) * 1e9)
	case reflect.Uint64:
		v.SetUint(1<<63 + uint64(*n))
	case reflect.Float64:
		v.SetFloat(float64(*n) / 7)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, n)
		fill(value, n)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Interface:
		v.Set(reflect.ValueOf("1s"))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1_800_000_000, 123_456_789).UTC()))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("json") != "-" {
				fill(v.Field(i), n)
			}
		}
	default:
		panic("fill does not know " + v.Type().String())
	}
}

// empty returns one event of each kind without values.
func empty() []journal.Event {
	return []journal.Event{
		&journal.RunStarted{}, &journal.Phase{}, &journal.FaultOn{}, &journal.FaultOff{},
		&journal.Sample{}, &journal.Call{}, &journal.Decision{}, &journal.Violation{},
		&journal.Note{}, &journal.Instrument{}, &journal.Workflow{}, &journal.Target{}, &journal.Finding{}, &journal.RunFinished{},
	}
}

// full returns one event of each kind with every field set.
func full() []journal.Event {
	events := empty()
	n := 0
	for _, e := range events {
		fill(reflect.ValueOf(e).Elem(), &n)
	}
	return events
}

func started() *journal.RunStarted {
	return &journal.RunStarted{
		Schema: journal.Schema, RunID: "run-1", Started: time.Unix(1_800_000_000, 0).UTC(),
		Plan: plan.Plan{Title: "Test", Seed: 1},
	}
}

func sample(i int) *journal.Sample {
	return &journal.Sample{
		Marker: fmt.Sprintf("m-%06d", i), Request: "stream", Scheduled: time.Duration(i) * time.Millisecond,
		Sent: time.Duration(i)*time.Millisecond + 40_117, TTFT: 312_004_117, Total: 1_204_004_117, MaxGap: 31_004_117, Gaps: 60,
		Outcome: journal.OK, Value: 1, Status: 200, Provider: "openai", Model: "gpt-5-mini", Attempts: 1,
		Prompt: 64, Completion: 62, Bytes: 18_000,
	}
}

package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// ErrUnknownKind is what Decode returns, wrapped, for an event of a kind that a
// later version must have written. The record has its Seq and T, and no Event.
var ErrUnknownKind = errors.New("unknown kind of event")

// Decode reads one line of a journal, with or without its line end. Fields that
// it does not know are passed over.
func Decode(line []byte) (Record, error) {
	r, _, err := decode(line)
	return r, err
}

// decode is Decode that also counts the fields passed over.
func decode(line []byte) (r Record, unknown uint64, err error) {
	var room [32]field // more than any event has, so that fields stay on the stack
	fields, err := scan(line, room[:0])
	if err != nil {
		return Record{}, 0, fmt.Errorf("bad record: %w", err)
	}
	var kind Kind
	own := fields[:0] // the event's own fields
	for _, f := range fields {
		switch string(f.name) {
		case "seq":
			err = setUint(&r.Seq, f.value)
		case "t":
			err = setInt(&r.T, f.value)
		case "k":
			err = setString(&kind, f.value)
		default:
			own = append(own, f)
		}
		if err != nil {
			return Record{}, 0, fmt.Errorf("bad record: field %q: %w", f.name, err)
		}
	}
	e := newEvent(kind)
	switch e := e.(type) {
	case nil:
		return r, 0, fmt.Errorf("%w %q", ErrUnknownKind, kind)
	case *Sample:
		unknown, err = setFields(own, e, setSample)
	case *Call:
		unknown, err = setFields(own, e, setCall)
	case *Instrument:
		unknown, err = setFields(own, e, setInstrument)
	default:
		err = json.Unmarshal(line, e)
		unknown = strangers(own, e)
	}
	if err != nil {
		return Record{}, 0, fmt.Errorf("bad %s record: %w", kind, err)
	}
	r.Event = e
	return r, unknown, nil
}

// newEvent returns an empty event of that kind, nil if there is no such kind.
func newEvent(k Kind) Event {
	switch k {
	case KindRunStarted:
		return new(RunStarted)
	case KindPhase:
		return new(Phase)
	case KindFaultOn:
		return new(FaultOn)
	case KindFaultOff:
		return new(FaultOff)
	case KindSample:
		return new(Sample)
	case KindCall:
		return new(Call)
	case KindDecision:
		return new(Decision)
	case KindViolation:
		return new(Violation)
	case KindNote:
		return new(Note)
	case KindInstrument:
		return new(Instrument)
	case KindWorkflow:
		return new(Workflow)
	case KindLoad:
		return new(LoadChanged)
	case KindRouter:
		return new(RouterChanged)
	case KindGauge:
		return new(Gauge)
	case KindTarget:
		return new(Target)
	case KindFinding:
		return new(Finding)
	case KindRunFinished:
		return new(RunFinished)
	}
	return nil
}

// strangers counts the fields that an event has no place for.
func strangers(fields []field, e Event) (n uint64) {
	t := reflect.TypeOf(e).Elem()
	known := make(map[string]bool, t.NumField())
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		known[name] = true
	}
	for _, f := range fields {
		if !known[string(f.name)] {
			n++
		}
	}
	return n
}

// errStranger is what the setters of an event return for a field that it has
// no place for.
var errStranger = errors.New("unknown field")

func setFields[E any](fields []field, e *E, set func(*E, field) error) (unknown uint64, err error) {
	for _, f := range fields {
		if err := set(e, f); err == errStranger {
			unknown++
		} else if err != nil {
			return 0, fmt.Errorf("field %q: %w", f.name, err)
		}
	}
	return unknown, nil
}

// The events that come with every request are read field by field, as they are
// written.

func setSample(e *Sample, f field) error {
	v := f.value
	switch string(f.name) {
	case "marker":
		return setString(&e.Marker, v)
	case "request":
		return setString(&e.Request, v)
	case "scheduled_ns":
		return setInt(&e.Scheduled, v)
	case "sent_ns":
		return setInt(&e.Sent, v)
	case "ttft_ns":
		return setInt(&e.TTFT, v)
	case "total_ns":
		return setInt(&e.Total, v)
	case "max_gap_ns":
		return setInt(&e.MaxGap, v)
	case "gaps":
		return setInt(&e.Gaps, v)
	case "outcome":
		return setString(&e.Outcome, v)
	case "value":
		return setFloat(&e.Value, v)
	case "reason":
		return setString(&e.Reason, v)
	case "detail":
		return setString(&e.Detail, v)
	case "status":
		return setInt(&e.Status, v)
	case "provider":
		return setString(&e.Provider, v)
	case "model":
		return setString(&e.Model, v)
	case "attempts":
		return setInt(&e.Attempts, v)
	case "prompt_tokens":
		return setInt(&e.Prompt, v)
	case "completion_tokens":
		return setInt(&e.Completion, v)
	case "bytes":
		return setInt(&e.Bytes, v)
	case "workflow":
		return setString(&e.Workflow, v)
	case "step":
		return setInt(&e.Step, v)
	case "age_ns":
		return setInt(&e.Age, v)
	case "trimmed":
		return setBool(&e.Trimmed, v)
	}
	return errStranger
}

func setCall(e *Call, f field) error {
	v := f.value
	switch string(f.name) {
	case "provider":
		return setString(&e.Provider, v)
	case "class":
		return setString(&e.Class, v)
	case "region":
		return setString(&e.Region, v)
	case "model":
		return setString(&e.Model, v)
	case "marker":
		return setString(&e.Marker, v)
	case "attempt":
		return setInt(&e.Attempt, v)
	case "stream":
		return setBool(&e.Stream, v)
	case "arrived_ns":
		return setInt(&e.Arrived, v)
	case "ttft_ns":
		return setInt(&e.TTFT, v)
	case "total_ns":
		return setInt(&e.Total, v)
	case "status":
		return setInt(&e.Status, v)
	case "failure":
		return setString(&e.Failure, v)
	case "aborted":
		return setBool(&e.Aborted, v)
	case "prompt_tokens":
		return setInt(&e.Prompt, v)
	case "completion_tokens":
		return setInt(&e.Completion, v)
	case "cost_usd":
		return setFloat(&e.CostUSD, v)
	case "faults":
		return setStrings(&e.Faults, v)
	case "early":
		return setBool(&e.Early, v)
	case "retry_after_ns":
		return setInt(&e.RetryAfter, v)
	}
	return errStranger
}

func setInstrument(e *Instrument, f field) error {
	v := f.value
	switch string(f.name) {
	case "in_flight":
		return setInt(&e.InFlight, v)
	case "hits":
		return setUint(&e.Hits, v)
	case "lag_p50_ns":
		return setInt(&e.LagP50, v)
	case "lag_p99_ns":
		return setInt(&e.LagP99, v)
	case "lag_max_ns":
		return setInt(&e.LagMax, v)
	case "cpu":
		return setFloat(&e.CPU, v)
	case "rss_bytes":
		return setInt(&e.RSS, v)
	case "goroutines":
		return setInt(&e.Goroutines, v)
	case "open_fds":
		return setInt(&e.OpenFDs, v)
	case "dropped":
		return setUint(&e.Dropped, v)
	case "saturated":
		return setBool(&e.Saturated, v)
	}
	return errStranger
}

package journal

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// Encode appends the record to dst as one JSON object on a line of its own:
// {"seq":1,"t":250,"k":"sample", …the event's fields…}, t in nanoseconds. On
// error dst comes back as it was.
func Encode(dst []byte, r Record) ([]byte, error) {
	if r.Event == nil {
		return dst, fmt.Errorf("record %d has no event", r.Seq)
	}
	start := len(dst)
	l := line{buf: dst}
	l.buf = append(l.buf, `{"seq":`...)
	l.buf = strconv.AppendUint(l.buf, r.Seq, 10)
	l.buf = append(l.buf, `,"t":`...)
	l.buf = strconv.AppendInt(l.buf, int64(r.T), 10)
	l.buf = append(l.buf, `,"k":"`...)
	l.buf = append(l.buf, r.Event.Kind()...)
	l.buf = append(l.buf, '"')
	switch e := r.Event.(type) {
	case *Sample:
		l.sample(e)
	case *Call:
		l.call(e)
	case *Instrument:
		l.instrument(e)
	default:
		l.any(e)
	}
	if l.err != nil {
		return l.buf[:start], fmt.Errorf("record %d (%s): %w", r.Seq, r.Event.Kind(), l.err)
	}
	return append(l.buf, '}', '\n'), nil
}

// any appends the fields of a rare event.
func (l *line) any(e Event) {
	fields, err := json.Marshal(e)
	switch {
	case err != nil:
		l.err = err
	case len(fields) < 2 || fields[0] != '{':
		l.err = fmt.Errorf("%T is nil or no struct", e)
	case len(fields) > 2: // not {}
		l.buf = append(l.buf, ',')
		l.buf = append(l.buf, fields[1:len(fields)-1]...)
	}
}

// The events that come with every request are written field by field, in the
// order and with the omissions of their json tags; a test compares them with
// encoding/json.

func (l *line) sample(e *Sample) {
	l.str(`,"marker":`, e.Marker)
	l.str(`,"request":`, e.Request)
	l.int(`,"scheduled_ns":`, int64(e.Scheduled))
	l.int(`,"sent_ns":`, int64(e.Sent))
	l.int(`,"ttft_ns":`, int64(e.TTFT))
	l.int(`,"total_ns":`, int64(e.Total))
	l.optInt(`,"max_gap_ns":`, int64(e.MaxGap))
	l.optInt(`,"gaps":`, int64(e.Gaps))
	l.str(`,"outcome":`, string(e.Outcome))
	l.float(`,"value":`, e.Value)
	l.optStr(`,"reason":`, e.Reason)
	l.optStr(`,"detail":`, e.Detail)
	l.int(`,"status":`, int64(e.Status))
	l.optStr(`,"provider":`, e.Provider)
	l.optStr(`,"model":`, e.Model)
	l.optInt(`,"attempts":`, int64(e.Attempts))
	l.optInt(`,"prompt_tokens":`, int64(e.Prompt))
	l.optInt(`,"completion_tokens":`, int64(e.Completion))
	l.optInt(`,"bytes":`, e.Bytes)
	l.optStr(`,"workflow":`, e.Workflow)
	l.optInt(`,"step":`, int64(e.Step))
	l.optInt(`,"age_ns":`, int64(e.Age))
	l.optBool(`,"trimmed":`, e.Trimmed)
}

func (l *line) call(e *Call) {
	l.str(`,"provider":`, e.Provider)
	l.str(`,"class":`, e.Class)
	l.str(`,"region":`, e.Region)
	l.str(`,"model":`, e.Model)
	l.str(`,"marker":`, e.Marker)
	l.int(`,"attempt":`, int64(e.Attempt))
	l.optBool(`,"stream":`, e.Stream)
	l.int(`,"arrived_ns":`, int64(e.Arrived))
	l.optInt(`,"ttft_ns":`, int64(e.TTFT))
	l.int(`,"total_ns":`, int64(e.Total))
	l.int(`,"status":`, int64(e.Status))
	l.optStr(`,"failure":`, e.Failure)
	l.optBool(`,"aborted":`, e.Aborted)
	l.int(`,"prompt_tokens":`, int64(e.Prompt))
	l.int(`,"completion_tokens":`, int64(e.Completion))
	l.float(`,"cost_usd":`, e.CostUSD)
	l.optStrs(`,"faults":`, e.Faults)
	l.optBool(`,"early":`, e.Early)
	l.optInt(`,"retry_after_ns":`, int64(e.RetryAfter))
}

func (l *line) instrument(e *Instrument) {
	l.int(`,"in_flight":`, int64(e.InFlight))
	l.uint(`,"hits":`, e.Hits)
	l.int(`,"lag_p50_ns":`, int64(e.LagP50))
	l.int(`,"lag_p99_ns":`, int64(e.LagP99))
	l.int(`,"lag_max_ns":`, int64(e.LagMax))
	l.float(`,"cpu":`, e.CPU)
	l.int(`,"rss_bytes":`, e.RSS)
	l.int(`,"goroutines":`, int64(e.Goroutines))
	l.int(`,"open_fds":`, int64(e.OpenFDs))
	l.uint(`,"dropped":`, e.Dropped)
	l.bool(`,"saturated":`, e.Saturated)
}

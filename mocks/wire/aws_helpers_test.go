package wire_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"brownout/mocks/wire"
)

// framed tells whether a dialect's streams come in Amazon's frames.
func framed(name string) bool { return name == "bedrock" || name == "sagemaker" }

// frame is one frame as AWS's own library reads it.
type frame struct {
	headers string // name=value, in order
	event   string // event or exception
	payload string
	bytes   string
}

func framesOf(t testing.TB, stream string) (all []frame) {
	t.Helper()
	for len(stream) > 0 {
		if len(stream) < 16 || int(binary.BigEndian.Uint32([]byte(stream))) > len(stream) {
			t.Fatalf("half a frame: %q", stream)
		}
		one := stream[:binary.BigEndian.Uint32([]byte(stream))]
		m, err := eventstream.NewDecoder().Decode(strings.NewReader(one), nil)
		if err != nil {
			t.Fatalf("%v in %q", err, one)
		}
		f := frame{payload: string(m.Payload), bytes: one}
		for _, h := range m.Headers {
			f.headers += fmt.Sprintf("%s=%s ", h.Name, h.Value)
			if h.Name == ":event-type" || h.Name == ":exception-type" {
				f.event = h.Value.String()
			}
		}
		all = append(all, f)
		stream = stream[len(one):]
	}
	return all
}

// legible is a stream for people: frames are taken apart.
func legible(t testing.TB, name, stream string) string {
	if !framed(name) {
		return stream
	}
	var b strings.Builder
	for _, f := range framesOf(t, stream) {
		fmt.Fprintf(&b, "[%s] %s\n", strings.TrimSpace(f.headers), f.payload)
	}
	return b.String()
}

// wholeAt is how much of a stream makes a whole answer. A last line of JSON
// needs no ending, an event needs its blank line, and Bedrock's usage comes
// behind its end.
func wholeAt(t testing.TB, name, stream string) int {
	switch name {
	case "ollama":
		return len(stream) - 1
	case "bedrock":
		at := 0
		for _, f := range framesOf(t, stream) {
			if f.event == "metadata" {
				return at
			}
			at += len(f.bytes)
		}
	}
	return len(stream)
}

// textFrame is where the first frame with a text is in a stream.
func textFrame(t testing.TB, stream, text string) (from, to int) {
	for _, f := range framesOf(t, stream) {
		if strings.Contains(f.payload, text) {
			return from, from + len(f.bytes)
		}
		from += len(f.bytes)
	}
	t.Fatalf("no frame has %q", text)
	return 0, 0
}

// encoded is a frame as AWS's own library writes it.
func encoded(t testing.TB, payload string, headers ...string) string {
	t.Helper()
	m := eventstream.Message{Payload: []byte(payload)}
	for i := 0; i < len(headers); i += 2 {
		m.Headers.Set(headers[i], eventstream.StringValue(headers[i+1]))
	}
	var b bytes.Buffer
	if err := eventstream.NewEncoder().Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func event(t testing.TB, name, payload string) string {
	return encoded(t, payload, ":event-type", name, ":content-type", "application/json", ":message-type", "event")
}

func exception(t testing.TB, name, payload string) string {
	return encoded(t, payload, ":exception-type", name, ":content-type", "application/json", ":message-type", "exception")
}

// counted counts calls.
type counted struct {
	http.Handler
	calls int
}

func (c *counted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.calls++
	c.Handler.ServeHTTP(w, r)
}

// quickRetryer is the SDK's own retryer without its waiting.
type quickRetryer struct{ aws.Retryer }

func newQuickRetryer() quickRetryer { return quickRetryer{retry.NewStandard()} }

func (quickRetryer) RetryDelay(int, error) (time.Duration, error) { return 0, nil }

// reply is what the client side of a dialect makes of an answer.
type reply struct {
	sum
	calls []wire.ToolCall
}

// ask sends a request in a dialect and reads the whole answer.
func ask(t testing.TB, d wire.Dialect, base string, req *wire.Request) (got reply) {
	t.Helper()
	r, err := d.NewRequest(t.Context(), base, goodKey+":secret:session==", req)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if req.Stream && resp.StatusCode == http.StatusOK {
		events, bad, end := readAll(d.NewStreamReader(resp.Body))
		if bad != 0 || end != io.EOF {
			t.Errorf("%d bad events, end %v", bad, end)
		}
		got.sum = sumOf(events)
		got.calls, _ = calledIn(events)
		return got
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		got.fail = d.DecodeFailure(resp.StatusCode, resp.Header, body)
		return got
	}
	a, err := d.DecodeAnswer(body)
	if err != nil {
		t.Fatal(err)
	}
	got.sum = sum{id: a.ID, model: a.Model, text: a.Text, finish: a.Finish, usage: a.Usage, done: true}
	got.calls = a.ToolCalls
	return got
}

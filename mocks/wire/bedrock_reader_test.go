package wire_test

import (
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"

	"brownout/mocks/wire"
)

// Streams as they may come from elsewhere.
func TestAWSStreamTolerance(t *testing.T) {
	delta := func(s string) string {
		return event(t, "contentBlockDelta", `{"contentBlockIndex":0,"delta":{"text":"`+s+`"},"p":"abc"}`)
	}
	chunk := func(s string) string {
		return event(t, "chunk", `{"bytes":"`+base64.StdEncoding.EncodeToString([]byte(s))+`","p":"ab"}`)
	}
	part := func(s string) string {
		return encoded(t, s, ":event-type", "PayloadPart", ":content-type", "application/octet-stream", ":message-type", "event")
	}
	stop := event(t, "messageStop", `{"stopReason":"end_turn"}`)
	claudeText := chunk(`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x"}}`)
	sse := `data: {"choices":[{"index":0,"delta":{"content":"x"}}]}` + "\n\n"
	broken := func(s string) string {
		b := []byte(s)
		b[len(b)-1] ^= 1
		return string(b)
	}
	for _, c := range []struct {
		name, dialect, in string
		text              string
		bad               int
		end               error
		kind              wire.FailureKind
	}{
		{name: "unknown events", dialect: "bedrock", in: event(t, "odd", `{"a":1}`) + delta("x") + event(t, "odd", `7`) + stop, text: "x", bad: 1, end: io.EOF},
		{name: "no metadata", dialect: "bedrock", in: delta("x") + stop, text: "x", end: io.EOF},
		{name: "cut in metadata", dialect: "bedrock", in: delta("x") + stop + event(t, "metadata", `{}`)[:20], text: "x", end: io.EOF},
		{name: "broken metadata", dialect: "bedrock", in: delta("x") + stop + broken(event(t, "metadata", `{}`)), text: "x", bad: 1, end: io.EOF},
		{name: "metadata without an end", dialect: "bedrock", in: delta("x") + event(t, "metadata", `{"usage":{"inputTokens":1}}`), text: "x", end: wire.ErrCut},
		{name: "headers in another order", dialect: "bedrock", in: encoded(t, `{"delta":{"text":"x"}}`, ":message-type", "event", ":event-type", "contentBlockDelta") + stop, text: "x", end: io.EOF},
		{name: "reasoning", dialect: "bedrock", in: event(t, "contentBlockDelta", `{"delta":{"reasoningContent":{"text":"hm"}}}`) + delta("x") + stop, text: "x", end: io.EOF},
		{name: "escapes", dialect: "bedrock", in: delta("x") + delta(`\u00e9\n`) + delta("z") + stop, text: "xé\nz", end: io.EOF},
		{name: "exception first", dialect: "bedrock", in: exception(t, "throttlingException", `{"message":"m"}`), end: io.EOF, kind: wire.FailRateLimit},
		{name: "exception with capital", dialect: "bedrock", in: delta("x") + exception(t, "ThrottlingException", `{"message":"m"}`) + delta("y"), text: "x", end: io.EOF, kind: wire.FailRateLimit},
		{name: "exception of context", dialect: "bedrock", in: exception(t, "validationException", `{"message":"Input is too long for requested model."}`), end: io.EOF, kind: wire.FailContextLength},
		{name: "exception without a body", dialect: "bedrock", in: exception(t, "modelStreamErrorException", ``), end: io.EOF, kind: wire.FailServer},
		{name: "unknown exception", dialect: "bedrock", in: exception(t, "fooException", `{}`), end: io.EOF, kind: wire.FailServer},
		{name: "error message", dialect: "bedrock", in: encoded(t, "", ":message-type", "error", ":error-code", "ServiceUnavailableException", ":error-message", "m"), end: io.EOF, kind: wire.FailOverload},
		{name: "broken event", dialect: "bedrock", in: delta("x") + event(t, "contentBlockDelta", `{"delta":`) + delta("y") + stop, text: "xy", bad: 1, end: io.EOF},
		{name: "broken checksum", dialect: "bedrock", in: delta("x") + broken(delta("y")) + delta("z") + stop, text: "xz", bad: 1, end: io.EOF},
		{name: "text instead of frames", dialect: "bedrock", in: "data: {}\n\ndata: {}\n\n", bad: 1, end: wire.ErrCut},
		{name: "chunks", dialect: "bedrock", in: claudeText + chunk(`{"type":"message_delta","delta":{"stop_reason":"end_turn"}}`) + chunk(`{"type":"message_stop"}`), text: "x", end: io.EOF},
		{name: "chunks cut", dialect: "bedrock", in: claudeText + claudeText[:30], text: "x", end: wire.ErrCut},
		{name: "chunks and exception", dialect: "bedrock", in: claudeText + exception(t, "modelTimeoutException", `{"message":"m"}`), text: "x", end: io.EOF, kind: wire.FailTimeout},
		{name: "a chunk with an error", dialect: "bedrock", in: chunk(`{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`), end: io.EOF, kind: wire.FailOverload},
		{name: "a chunk that is none", dialect: "bedrock", in: claudeText + event(t, "chunk", `{"bytes":"!"}`) + claudeText, text: "x", bad: 1, end: wire.ErrCut},
		{name: "a line cut by parts", dialect: "sagemaker", in: part(sse[:9]) + part("") + part(sse[9:]+"data: [DO") + part("NE]\n\n"), text: "x", end: io.EOF},
		{name: "no end", dialect: "sagemaker", in: part(sse), text: "x", end: wire.ErrCut},
		{name: "an exception", dialect: "sagemaker", in: part(sse) + exception(t, "ModelStreamError", `{"Message":"m","ErrorCode":"ModelInvocationTimeExceeded"}`), text: "x", end: io.EOF, kind: wire.FailTimeout},
		{name: "a failure within", dialect: "sagemaker", in: part(sse + `data: {"error":{"message":"m","type":"ServiceUnavailableError","code":503}}` + "\n\n"), text: "x", end: io.EOF, kind: wire.FailOverload},
		{name: "other events", dialect: "sagemaker", in: event(t, "odd", "{}") + part(sse+"data: [DONE]\n\n"), text: "x", end: io.EOF},
		{name: "parts with a wrong checksum", dialect: "sagemaker", in: part(sse) + broken(part(sse)), text: "x", bad: 1, end: wire.ErrCut},
	} {
		events, bad, end := readAll(dialect(t, c.dialect).NewStreamReader(strings.NewReader(c.in)))
		got := sumOf(events)
		var kind wire.FailureKind
		if got.fail != nil {
			kind = got.fail.Kind
		}
		if got.text != c.text || bad != c.bad || !errors.Is(end, c.end) || kind != c.kind || got.done != (c.end == io.EOF && c.kind == "") {
			t.Errorf("%s: %+v, %v, %d bad, end %v", c.name, got, got.fail, bad, end)
		}
	}
}

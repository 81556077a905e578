package wire

import (
	"bytes"
	"encoding/base64"
	"errors"
	"testing"
)

// What is rewritten inside of frames is read back by a reader that checks every
// length and checksum; text outside of frames is rewritten as it is.
func TestRewriteChunk(t *testing.T) {
	longer := func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(`"text"`), []byte(`"output_text"`)) }
	hidden := base64.StdEncoding.EncodeToString([]byte(`{"text":"Hi"}`))
	shown := base64.StdEncoding.EncodeToString([]byte(`{"output_text":"Hi"}`))
	in := appendFrame(nil, contentBlockDelta.headers, `{"delta":{"text":"Hi"}}`)
	in = appendFrame(in, frameHeaders("event", "chunk", "application/json"), `{"bytes":"`+hidden+`","p":"abc"}`)
	f := frameReader{src: bytes.NewReader(RewriteChunk(eventStreamType, in, longer))}
	for _, want := range []string{`{"delta":{"output_text":"Hi"}}`, `{"bytes":"` + shown + `","p":"abc"}`} {
		got, err := f.next()
		if err != nil {
			t.Fatal(err)
		}
		if string(payloadOf(got)) != want {
			t.Errorf("%s, want %s", payloadOf(got), want)
		}
	}
	if _, err := f.next(); !errors.Is(err, ErrCut) {
		t.Errorf("behind the last frame: %v", err)
	}
	cut := in[:len(in)-3]
	if got := RewriteChunk(eventStreamType, cut, longer); !bytes.Equal(got, cut) {
		t.Errorf("half a frame became %x", got)
	}
	if got := string(RewriteChunk("text/event-stream", []byte(`data: {"text":"Hi"}`), longer)); got != `data: {"output_text":"Hi"}` {
		t.Errorf("%s", got)
	}
}

package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"pgregory.net/rapid"
)

// Frames made by AWS's encoder and accepted by its SDK for Go, and by a decoder
// of another hand.
func TestFrameVectors(t *testing.T) {
	for _, c := range []struct {
		headers      []byte
		payload, hex string
	}{
		{contentBlockDelta.headers, `{"contentBlockIndex":0,"delta":{"text":"Hi"}}`, "0000009400000057b4ab9aee0b3a6576656e742d74797065070011636f6e74656e74426c6f636b44656c74610d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b22636f6e74656e74426c6f636b496e646578223a302c2264656c7461223a7b2274657874223a224869227d7d1f944657"},
		{messageStart.headers, `{"role":"assistant"}`, "000000760000005296d5fade0b3a6576656e742d7479706507000c6d65737361676553746172740d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b22726f6c65223a22617373697374616e74227d6fa8c599"},
		{frameHeaders("exception", "throttlingException", "application/json"), `{"message":"M"}`, "0000008000000061ee713e350f3a657863657074696f6e2d747970650700137468726f74746c696e67457863657074696f6e0d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d74797065070009657863657074696f6e7b226d657373616765223a224d227d98a17314"},
	} {
		if got := hex.EncodeToString(appendFrame(nil, c.headers, c.payload)); got != c.hex {
			t.Errorf("%s\n got %s\nwant %s", c.payload, got, c.hex)
		}
	}
}

// Frames are those of AWS's encoder, whatever is in them, and are read back
// however the bytes arrive.
func TestFramesAreTheLibrarys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-zA-Z]{1,40}`)
		var stream, want bytes.Buffer
		var payloads []string
		enc := eventstream.NewEncoder()
		for range rapid.IntRange(1, 5).Draw(t, "frames") {
			kind := rapid.SampledFrom([]string{"event", "exception"}).Draw(t, "kind")
			name, payload := word.Draw(t, "name"), rapid.SliceOfN(rapid.Byte(), 0, 6000).Draw(t, "payload")
			stream.Write(appendFrame(nil, frameHeaders(kind, name, "application/json"), string(payload)))
			m := eventstream.Message{Payload: payload}
			m.Headers.Set(":"+kind+"-type", eventstream.StringValue(name))
			m.Headers.Set(":content-type", eventstream.StringValue("application/json"))
			m.Headers.Set(":message-type", eventstream.StringValue(kind))
			if err := enc.Encode(&want, m); err != nil {
				t.Fatal(err)
			}
			payloads = append(payloads, name+" "+string(payload))
		}
		if !bytes.Equal(stream.Bytes(), want.Bytes()) {
			t.Fatalf("%x is not %x", stream.Bytes(), want.Bytes())
		}
		for _, r := range []io.Reader{bytes.NewReader(stream.Bytes()), iotest.OneByteReader(bytes.NewReader(stream.Bytes())), iotest.DataErrReader(bytes.NewReader(stream.Bytes()))} {
			f := frameReader{src: r}
			for _, p := range payloads {
				frame, err := f.next()
				if err != nil {
					t.Fatal(err)
				}
				m, err := f.message(frame)
				if got := m.event + m.exception + " " + string(m.payload); err != nil || got != p {
					t.Fatalf("%q, %v, want %q", got, err, p)
				}
			}
			if _, err := f.next(); err != ErrCut {
				t.Fatalf("the end is %v", err)
			}
		}
	})
}

// A frame with a wrong checksum is passed over; after a wrong prelude nothing
// more is read.
func TestBrokenFrames(t *testing.T) {
	one := string(appendFrame(nil, messageStart.headers, "{}"))
	flip := func(s string, at int) string { b := []byte(s); b[at] ^= 1; return string(b) }
	long := []byte(one)
	binary.BigEndian.PutUint32(long, maxEvent+1)
	binary.BigEndian.PutUint32(long[8:], crc32.ChecksumIEEE(long[:8]))
	heavy := []byte(one)
	binary.BigEndian.PutUint32(heavy[4:], uint32(len(one)))
	binary.BigEndian.PutUint32(heavy[8:], crc32.ChecksumIEEE(heavy[:8]))
	for name, c := range map[string]struct {
		in         string
		whole, bad int
	}{
		"payload":      {one + flip(one, len(one)-6) + one, 2, 1},
		"checksum":     {flip(one, len(one)-1) + one, 1, 1},
		"prelude":      {one + flip(one, 2) + one, 1, 1},
		"length":       {string(long) + one, 0, 1},
		"headers":      {string(heavy) + one, 0, 1},
		"half":         {one + one[:len(one)-1], 1, 0},
		"half prelude": {one + one[:7], 1, 0},
		"text":         {"data: {}\n\ndata: {}\n\n", 0, 1},
		"nothing":      {"", 0, 0},
	} {
		f := frameReader{src: strings.NewReader(c.in)}
		whole, bad := 0, 0
		for range 10 {
			_, err := f.next()
			if err == nil {
				whole++
			} else if isMalformed(err) {
				bad++
			} else if err == ErrCut {
				break
			} else {
				t.Fatal(name, err)
			}
		}
		if whole != c.whole || bad != c.bad {
			t.Errorf("%s: %d whole, %d bad", name, whole, bad)
		}
	}
}

// Frames that AWS's decoder reads but that say nothing are no events.
func TestOddFrames(t *testing.T) {
	for _, headers := range [][]string{{}, {":message-type", "event"}, {":message-type", "odd", ":event-type", "x"}, {":event-type", "x"}} {
		var h eventstream.Headers
		for i := 0; i < len(headers); i += 2 {
			h.Set(headers[i], eventstream.StringValue(headers[i+1]))
		}
		var b bytes.Buffer
		if err := eventstream.NewEncoder().Encode(&b, eventstream.Message{Headers: h, Payload: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
		if m, err := decodeFrame(b.Bytes()); !isMalformed(err) {
			t.Errorf("%q: %+v, %v", headers, m, err)
		}
	}
	m, err := decodeFrame(appendFrame(nil, nil, ""))
	if !isMalformed(err) {
		t.Errorf("a frame with nothing in it: %+v, %v", m, err)
	}
}

// The reader takes any bytes: it ends, never panics, and says the same with and
// without its fast path and however they arrive.
func FuzzEventStream(f *testing.F) {
	b, s := bedrock{bedrockAWS}, sageMakerAWS
	f.Add(recorded(b, "a", "b\"", "é\n"))
	f.Add(recorded(s, "a", "b\""))
	f.Add(string(b.api.appendException(nil, &Failure{Kind: FailRateLimit}, lowerFirst)))
	f.Add(string(appendFrame(nil, chunkOf, `{"bytes":"eyJ0eXBlIjoibWVzc2FnZV9zdG9wIn0="}`)))
	f.Add(string(appendFrame(nil, chunkOf, `{"bytes":"!"}`)) + recorded(b, "x"))
	f.Add(string(appendFrame(nil, messageStop.headers, `{"stopReason":"end_turn"}`)))
	f.Fuzz(func(t *testing.T, in string) {
		sameEvents(t, b, in)
		sameEvents(t, s, in)
	})
}

// reframed makes frames of arbitrary text with right checksums, so that what
// lies behind them is reached: each line is one, kind and name before a space.
func reframed(in string) string {
	var out []byte
	for line := range strings.SplitSeq(in, "\n") {
		name, payload, _ := strings.Cut(line, " ")
		kind := "event"
		if strings.HasPrefix(name, "!") {
			kind, name = "exception", name[1:]
		}
		if len(name) > 100 || len(out) > 1<<16 {
			continue
		}
		out = appendFrame(out, frameHeaders(kind, name, ""), payload)
	}
	return string(out)
}

func FuzzReframed(f *testing.F) {
	f.Add("messageStart {\"role\":\"assistant\"}\ncontentBlockDelta {\"delta\":{\"text\":\"a\"},\"p\":\"x\"}\ncontentBlockDelta {\"delta\":{\"text\":\"b\\u0041\"},\"p\":\"xy\"}\nmessageStop {\"stopReason\":\"end_turn\"}\nmetadata {\"usage\":{\"inputTokens\":1}}")
	f.Add("contentBlockStart {\"start\":{\"toolUse\":{\"name\":\"f\",\"toolUseId\":\"i\"}}}\ncontentBlockDelta {\"delta\":{\"toolUse\":{\"input\":\"{}\"}}}\n!throttlingException {\"message\":\"m\"}")
	f.Add("PayloadPart data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\nPayloadPart \nPayloadPart data: [DONE]\n!ModelStreamError {\"ErrorCode\":\"StreamBroken\"}")
	f.Add("chunk {\"bytes\":\"eyJ0eXBlIjoiY29udGVudF9ibG9ja19kZWx0YSIsImRlbHRhIjp7InR5cGUiOiJ0ZXh0X2RlbHRhIiwidGV4dCI6ImEifX0=\"}\n!internalServerException {}")
	f.Fuzz(func(t *testing.T, in string) {
		sameEvents(t, bedrock{bedrockAWS}, reframed(in))
		sameEvents(t, sageMakerAWS, reframed(in))
	})
}

package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
)

// RewriteChunk is what one write of a streamed answer of that content type
// becomes when rewrite is applied to the text in it. Of Amazon's event streams
// it is the payloads that are rewritten, and in them the text that InvokeModel
// hides in base64; lengths and checksums are right again afterwards. What is no
// whole number of frames is left as it is.
func RewriteChunk(contentType string, b []byte, rewrite func([]byte) []byte) []byte {
	if contentType != eventStreamType {
		return rewrite(b)
	}
	in, out := bytes.NewReader(b), new(bytes.Buffer)
	decode, encode := eventstream.NewDecoder(), eventstream.NewEncoder()
	for in.Len() > 0 {
		m, err := decode.Decode(in, nil)
		if err != nil {
			return b
		}
		m.Payload = rewritePayload(m.Payload, rewrite)
		if encode.Encode(out, m) != nil {
			return b
		}
	}
	return out.Bytes()
}

// rewritePayload rewrites the payload of one frame.
func rewritePayload(payload []byte, rewrite func([]byte) []byte) []byte {
	var chunk map[string]json.RawMessage
	var hidden []byte
	if json.Unmarshal(payload, &chunk) != nil || chunk["bytes"] == nil || json.Unmarshal(chunk["bytes"], &hidden) != nil {
		return rewrite(payload)
	}
	own := `"` + base64.StdEncoding.EncodeToString(rewrite(hidden)) + `"`
	return bytes.Replace(payload, chunk["bytes"], []byte(own), 1)
}

package wire

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"math"
	"net/http"
	"strconv"
	"strings"
)

// maxInputs is how many inputs one request of embeddings may have.
const maxInputs = 2048

// inputs are texts to embed: a text, a list of them, or the same as numbers of
// tokens. A text of tokens is their numbers, so that it counts as many words as
// tokens.
type inputs struct {
	list []string
	bad  string
}

// UnmarshalJSON reads any form.
func (in *inputs) UnmarshalJSON(b []byte) error {
	*in = inputs{}
	switch jsonType(b) {
	case "null":
	case "string":
		if s, ok := unquote(b); ok {
			in.list = []string{s}
		}
	case "array":
		var tokens []int
		var texts []string
		var many [][]int
		switch {
		case json.Unmarshal(b, &texts) == nil:
			in.list = texts
		case json.Unmarshal(b, &tokens) == nil:
			in.list = []string{joinTokens(tokens)}
		case json.Unmarshal(b, &many) == nil:
			for _, t := range many {
				in.list = append(in.list, joinTokens(t))
			}
		default:
			in.bad = "array of other things"
		}
	default:
		in.bad = jsonType(b)
	}
	return nil
}

func joinTokens(tokens []int) string {
	var b []byte
	for i, t := range tokens {
		if i > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendInt(b, int64(t), 10)
	}
	return string(b)
}

// DecodeEmbed reads a request of embeddings.
func (d openAI) DecodeEmbed(_ *http.Request, body []byte) (*EmbedRequest, *Failure) {
	say := &d.invalid
	var in struct {
		Model      *string `json:"model"`
		Input      inputs  `json:"input"`
		Dimensions *int    `json:"dimensions"`
		Encoding   string  `json:"encoding_format"`
	}
	if fail := decodeBody(body, &in, say); fail != nil {
		return nil, fail
	}
	switch {
	case (in.Model == nil || *in.Model == "") && say.needModel:
		return nil, say.missing("model")
	case in.Input.bad != "":
		return nil, say.wrongType("input", "one of a string or array", in.Input.bad)
	case in.Input.list == nil:
		return nil, say.missing("input")
	case len(in.Input.list) == 0:
		return nil, say.empty("input")
	case len(in.Input.list) > maxInputs:
		return nil, &Failure{Kind: FailBadRequest, Param: "input", Message: "Invalid 'input': array too long. Expected an array with maximum length 2048, but got an array with length " + strconv.Itoa(len(in.Input.list)) + " instead."}
	case in.Encoding != "" && in.Encoding != "float" && in.Encoding != "base64":
		return nil, &Failure{Kind: FailBadRequest, Param: "encoding_format", Message: "Invalid value: '" + in.Encoding + "'. Supported values are: 'float' and 'base64'."}
	case in.Dimensions != nil && *in.Dimensions < 1:
		return nil, say.low("dimensions", 1, *in.Dimensions)
	}
	out := &EmbedRequest{Inputs: in.Input.list, Base64: in.Encoding == "base64"}
	for _, s := range out.Inputs {
		if strings.TrimSpace(s) == "" {
			return nil, &Failure{Kind: FailBadRequest, Param: "input", Message: "Invalid 'input': input cannot be an empty string."} // wording unverified
		}
	}
	if in.Model != nil {
		out.Model = *in.Model
	}
	if in.Dimensions != nil {
		out.Dimensions = *in.Dimensions
	}
	return out, nil
}

// WriteEmbeddings writes the vectors.
func (d openAI) WriteEmbeddings(w http.ResponseWriter, req *EmbedRequest, e *Embeddings) error {
	size := 256
	for _, v := range e.Vectors {
		size += 64 + 12*len(v)
	}
	b := make([]byte, 0, size)
	b = append(b, '{')
	if d.embedPrefix != "" {
		b = appendString(append(b, `"id":`...), spell(d.embedPrefix, embedBits(req), hex32, 32))
		b = strconv.AppendInt(append(b, `,"created":`...), unix(e.Created), 10)
		b = append(b, ',')
	}
	if d.embedBareID {
		b = append(appendString(append(b, `"id":`...), spell("", embedBits(req), hex32, 32)), ',')
	}
	b = append(b, `"object":"list","data":[`...)
	for i, v := range e.Vectors {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"object":"embedding","embedding":`...)
		if req.Base64 {
			b = appendBase64(b, v)
		} else {
			b = appendFloats(b, v)
		}
		b = append(appendField(b, `,"index":`, i), '}')
	}
	b = appendString(append(b, `],"model":`...), e.Model)
	b = appendField(b, `,"usage":{"prompt_tokens":`, e.Usage.Prompt)
	b = appendField(b, `,"total_tokens":`, e.Usage.Prompt)
	b = append(append(b, d.embedUsageTail...), "}}"...)
	return writeJSON(w, http.StatusOK, b)
}

// appendFloats appends a vector as a JSON array.
func appendFloats(dst []byte, v []float32) []byte {
	dst = append(dst, '[')
	for i, x := range v {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendFloat(dst, float64(x), 'g', -1, 32)
	}
	return append(dst, ']')
}

// appendBase64 appends a vector as base64 of its numbers, little-endian.
func appendBase64(dst []byte, v []float32) []byte {
	raw := make([]byte, 0, 4*len(v))
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	dst = base64.StdEncoding.AppendEncode(append(dst, '"'), raw)
	return append(dst, '"')
}

// embedBits gives the bits of an answer's id: the same request, the same id.
func embedBits(req *EmbedRequest) uint64 {
	h := fnv.New64a()
	h.Write([]byte(req.Model))
	for _, s := range req.Inputs {
		h.Write([]byte{0})
		h.Write([]byte(s))
	}
	return h.Sum64()
}

// WrongModel words the refusal of a model for what it cannot do.
func (d openAI) WrongModel(op Operation, model string) *Failure {
	if d.wrongModel == nil {
		return &Failure{Kind: FailModelNotFound, Model: model}
	}
	return d.wrongModel(op, model)
}

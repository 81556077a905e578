package wire

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"net/http"
	"strings"
	"time"
)

// vector is one of an answer's, as numbers or as base64 of little-endian
// float32.
type vector []float32

// UnmarshalJSON reads either form.
func (v *vector) UnmarshalJSON(b []byte) error {
	s, ok := unquote(b)
	if !ok || b[0] != '"' {
		return json.Unmarshal(b, (*[]float32)(v))
	}
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return err
	}
	for ; len(raw) >= 4; raw = raw[4:] {
		*v = append(*v, math.Float32frombits(binary.LittleEndian.Uint32(raw)))
	}
	return nil
}

// NewEmbed builds a request for embeddings.
func (d openAI) NewEmbed(ctx context.Context, base, key string, req *EmbedRequest) (*http.Request, error) {
	b := appendString(append(make([]byte, 0, embedSize(req)), `{"model":`...), req.Model)
	b = appendStrings(b, `,"input":`, req.Inputs)
	if req.Dimensions > 0 {
		b = appendField(b, `,"`+cmp.Or(d.lengthKey, "dimensions")+`":`, req.Dimensions)
	}
	r, err := newPost(ctx, base, pathEmbeddings, append(b, '}'))
	if err == nil && key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	return r, err
}

// embedSize guesses the size of a request's body.
func embedSize(req *EmbedRequest) int {
	n := 128
	for _, s := range req.Inputs {
		n += len(s) + len(s)/8 + 4
	}
	return n
}

// DecodeEmbeddings reads the answer.
func (d openAI) DecodeEmbeddings(body []byte) (*Embeddings, error) {
	var in struct {
		Model   string `json:"model"`
		Created int64  `json:"created"`
		Data    []struct {
			Index  int    `json:"index"`
			Vector vector `json:"embedding"`
		} `json:"data"`
		Usage openAIUsage `json:"usage"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, malformed(d.name, "the embeddings are not readable: "+err.Error())
	}
	e := &Embeddings{Model: in.Model, Usage: in.Usage.usage(), Vectors: make([][]float32, len(in.Data))}
	for _, v := range in.Data {
		if v.Index < 0 || v.Index >= len(in.Data) || e.Vectors[v.Index] != nil || len(v.Vector) == 0 {
			return nil, malformed(d.name, "the answer has no embeddings, or not one for each index")
		}
		e.Vectors[v.Index] = v.Vector
	}
	if len(in.Data) == 0 {
		return nil, lacks(d.name, "embeddings")
	}
	if in.Created > 0 {
		e.Created = time.Unix(in.Created, 0)
	}
	return e, nil
}

// NewEmbed builds a request for embeddings to where the provider takes it.
func (d cousin) NewEmbed(ctx context.Context, base, key string, req *EmbedRequest) (*http.Request, error) {
	if !d.canEmbed() {
		return nil, errNoEmbeddings
	}
	own := key
	if d.setKey != nil {
		own = ""
	}
	r, err := d.outward(d.openAI.NewEmbed(ctx, base, own, req))(req.Model)
	if err == nil && d.setKey != nil && key != "" {
		d.setKey(r.Header, key)
	}
	return r, err
}

// NewEmbed builds a request for embeddings.
func (d ollama) NewEmbed(ctx context.Context, base, _ string, req *EmbedRequest) (*http.Request, error) {
	b := appendString(append(make([]byte, 0, embedSize(req)), `{"model":`...), req.Model)
	b = appendStrings(b, `,"input":`, req.Inputs)
	if req.Dimensions > 0 {
		b = appendField(b, `,"dimensions":`, req.Dimensions)
	}
	return newPost(ctx, base, "/api/embed", append(b, '}'))
}

// DecodeEmbeddings reads the answer.
func (d ollama) DecodeEmbeddings(body []byte) (*Embeddings, error) {
	var in struct {
		Model   string      `json:"model"`
		Vectors [][]float32 `json:"embeddings"`
		Prompt  int         `json:"prompt_eval_count"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, malformed("ollama", "the embeddings are not readable: "+err.Error())
	}
	if len(in.Vectors) == 0 {
		return nil, lacks("ollama", "embeddings")
	}
	return &Embeddings{Model: in.Model, Vectors: in.Vectors, Usage: Usage{Prompt: in.Prompt}}, nil
}

// NewEmbed builds a request for embeddings, as a batch of one content each.
func (d gemini) NewEmbed(ctx context.Context, base, key string, req *EmbedRequest) (*http.Request, error) {
	name := req.Model
	if !strings.Contains(name, "/") {
		name = "models/" + name
	}
	b := append(make([]byte, 0, embedSize(req)+100*len(req.Inputs)), `{"requests":[`...)
	for i, s := range req.Inputs {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"model":`...), name)
		b = append(appendString(append(b, `,"content":{"parts":[{"text":`...), s), "}]}"...)
		if req.Dimensions > 0 {
			b = appendField(b, `,"outputDimensionality":`, req.Dimensions)
		}
		b = append(b, '}')
	}
	r, err := newPost(ctx, base, d.path(req.Model)+":batchEmbedContents", append(b, "]}"...))
	if err == nil && key != "" {
		d.sign(r.Header, key)
	}
	return r, err
}

// DecodeEmbeddings reads the answer. It tells no usage and no model.
func (d gemini) DecodeEmbeddings(body []byte) (*Embeddings, error) {
	var in struct {
		Vectors []struct {
			Values []float32 `json:"values"`
		} `json:"embeddings"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, malformed("gemini", "the embeddings are not readable: "+err.Error())
	}
	e := &Embeddings{}
	for _, v := range in.Vectors {
		e.Vectors = append(e.Vectors, v.Values)
	}
	if len(e.Vectors) == 0 {
		return nil, lacks("gemini", "embeddings")
	}
	return e, nil
}

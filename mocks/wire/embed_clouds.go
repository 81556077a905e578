package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// The callers' side of embeddings at Vertex AI and Bedrock, and of those that
// have none.

// EmbedLimiter is an EmbedClient whose calls may have few inputs.
type EmbedLimiter interface {
	// EmbedLimit is how many inputs a call may have at most; 0: not limited.
	EmbedLimit(model string) int
}

// errNoEmbeddings is the error for providers without embeddings.
var errNoEmbeddings = errors.New("it has no embeddings")

// CanEmbed tells whether the providers of a dialect have embeddings.
func CanEmbed(d Dialect) bool {
	if v, ok := d.(interface{ canEmbed() bool }); ok {
		return v.canEmbed()
	}
	_, ok := d.(EmbedClient)
	return ok
}

// canEmbed: those do that have a place for it.
func (d cousin) canEmbed() bool {
	for _, p := range d.places {
		if p.openAI == pathEmbeddings {
			return true
		}
	}
	return d.goTo != nil
}

// Inputs that a call of Vertex AI's may have. Google's documentation of text
// embeddings: one for Gemini's, 250 for the older ones.
const (
	geminiEmbedInputs = 1
	vertexEmbedInputs = 250
)

// EmbedLimit is by the model's family.
func (d vertex) EmbedLimit(model string) int {
	if strings.HasPrefix(model, "gemini-embedding") {
		return geminiEmbedInputs
	}
	return vertexEmbedInputs
}

// NewEmbed builds a request for embeddings, as instances of a prediction.
func (d vertex) NewEmbed(ctx context.Context, base, key string, req *EmbedRequest) (*http.Request, error) {
	b := append(make([]byte, 0, embedSize(req)), `{"instances":[`...)
	for i, s := range req.Inputs {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(append(b, `{"content":`...), s), '}')
	}
	b = append(b, ']')
	if req.Dimensions > 0 {
		b = append(appendField(b, `,"parameters":{"outputDimensionality":`, req.Dimensions), '}')
	}
	r, err := newPost(ctx, base, d.path(req.Model)+":predict", append(b, '}'))
	if err == nil && key != "" {
		d.sign(r.Header, key)
	}
	return r, err
}

// DecodeEmbeddings reads the answer. It tells no model.
func (d vertex) DecodeEmbeddings(body []byte) (*Embeddings, error) {
	var in struct {
		Predictions []struct {
			Embeddings struct {
				Values     []float32 `json:"values"`
				Statistics struct {
					Tokens float64 `json:"token_count"`
				} `json:"statistics"`
			} `json:"embeddings"`
		} `json:"predictions"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, malformed("vertex", "the embeddings are not readable: "+err.Error())
	}
	e := &Embeddings{}
	for i := range in.Predictions {
		one := &in.Predictions[i].Embeddings
		if len(one.Values) == 0 {
			return nil, lacks("vertex", "embeddings")
		}
		e.Vectors = append(e.Vectors, one.Values)
		e.Usage.Prompt += int(one.Statistics.Tokens)
	}
	if len(e.Vectors) == 0 {
		return nil, lacks("vertex", "embeddings")
	}
	return e, nil
}

// EmbedLimit is one text for Titan, and Cohere's bound for its own.
func (d bedrock) EmbedLimit(model string) int {
	if makerOf(model) == "cohere" {
		return cohereTexts
	}
	return 1
}

// NewEmbed builds a request for embeddings in the body of the model's maker,
// and signs it. Cohere's models ask what the vectors are for, which no other
// dialect says: they are taken to be stored.
func (d bedrock) NewEmbed(ctx context.Context, base, key string, req *EmbedRequest) (*http.Request, error) {
	b := make([]byte, 0, embedSize(req))
	switch {
	case makerOf(req.Model) == "cohere":
		b = append(appendStrings(append(b, `{"input_type":"search_document"`...), `,"texts":`, req.Inputs), '}')
	case len(req.Inputs) != 1:
		return nil, errors.New("a call has one text")
	default:
		b = appendString(append(b, `{"inputText":`...), req.Inputs[0])
		if req.Dimensions > 0 {
			b = appendField(b, `,"dimensions":`, req.Dimensions)
		}
		b = append(b, '}')
	}
	r, err := newPost(ctx, base, "/model/"+escapeModel(req.Model)+"/"+actInvoke, b)
	if err != nil {
		return nil, err
	}
	return r, d.api.sign(ctx, r, b, key)
}

// DecodeEmbeddings reads the answer of either maker. It tells no model, and
// Cohere's no usage.
func (d bedrock) DecodeEmbeddings(body []byte) (*Embeddings, error) {
	var in struct {
		One    []float32       `json:"embedding"`
		Many   json.RawMessage `json:"embeddings"`
		Tokens int             `json:"inputTextTokenCount"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, malformed("bedrock", "the embeddings are not readable: "+err.Error())
	}
	e := &Embeddings{Usage: Usage{Prompt: in.Tokens}}
	if len(in.One) > 0 {
		e.Vectors = [][]float32{in.One}
		return e, nil
	}
	many := bytes.TrimSpace(in.Many)
	if len(many) > 0 && many[0] == '{' { // by type
		var typed struct {
			Float json.RawMessage `json:"float"`
		}
		if json.Unmarshal(many, &typed) == nil {
			many = typed.Float
		}
	}
	if json.Unmarshal(many, &e.Vectors) != nil || len(e.Vectors) == 0 {
		return nil, lacks("bedrock", "embeddings")
	}
	return e, nil
}

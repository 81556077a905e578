package wire

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Surfaces of embeddings: bodies of InvokeModel. Their fields and
// limits are unverified.
const (
	surfaceTitanEmbed  = "invoke-titan-embed"
	surfaceCohereEmbed = "invoke-cohere-embed"
	surfaceCohereTyped = "invoke-cohere-embed-typed" // embedding_types was given
)

// Bounds of Cohere's bodies.
const (
	cohereTexts    = 96
	cohereTextSize = 2048 // letters
)

// titanDimensions are the lengths that Titan's second version gives.
var titanDimensions = []int{256, 512, 1024}

// embeds tells whether a model is one of embeddings. Its path is a chat
// model's.
func embeds(model string) bool {
	id := bareModel(model)
	return strings.HasPrefix(id, "amazon.titan-embed-text") || strings.HasPrefix(id, "cohere.embed")
}

// DecodeEmbed reads the body of an embedding model.
func (d bedrock) DecodeEmbed(r *http.Request, body []byte) (*EmbedRequest, *Failure) {
	model, _, fail := d.asked(r)
	if fail != nil {
		return nil, fail
	}
	if len(body) > d.maxBody {
		return nil, &Failure{Kind: FailTooLarge}
	}
	decode := decodeTitanEmbed
	if makerOf(model) == "cohere" {
		decode = decodeCohereEmbed
	}
	out, fail := decode(body)
	if fail != nil {
		return nil, fail
	}
	out.Model = model
	return out, nil
}

// malformedBody is Bedrock's refusal of an InvokeModel body.
func malformedBody(format string, args ...any) *Failure {
	return bedrockInvalid("Malformed input request: "+format+", please reformat your input and try again.", args...)
}

func decodeTitanEmbed(body []byte) (*EmbedRequest, *Failure) {
	var in struct {
		Text       *string `json:"inputText"`
		Dimensions int     `json:"dimensions"`
	}
	err := json.Unmarshal(body, &in)
	switch {
	case err != nil:
		return nil, malformedBody("%s", plainly(err))
	case in.Text == nil:
		return nil, malformedBody("#: required key [inputText] not found")
	case *in.Text == "":
		return nil, malformedBody("expected minLength: 1, actual: 0") // unverified
	case in.Dimensions != 0 && !slices.Contains(titanDimensions, in.Dimensions):
		return nil, malformedBody("#/dimensions: %d is not a valid enum value", in.Dimensions) // unverified
	}
	return &EmbedRequest{Inputs: []string{*in.Text}, Dimensions: in.Dimensions, Surface: surfaceTitanEmbed}, nil
}

func decodeCohereEmbed(body []byte) (*EmbedRequest, *Failure) {
	var in struct {
		Texts     []string `json:"texts"`
		InputType string   `json:"input_type"`
		Types     []string `json:"embedding_types"`
	}
	err := json.Unmarshal(body, &in)
	switch {
	case err != nil:
		return nil, malformedBody("%s", plainly(err))
	case in.Texts == nil:
		return nil, malformedBody("#: required key [texts] not found")
	case in.InputType == "":
		return nil, malformedBody("#: required key [input_type] not found")
	case len(in.Texts) == 0:
		return nil, malformedBody("#/texts: expected minimum item count: 1, found: 0")
	case len(in.Texts) > cohereTexts:
		return nil, malformedBody("#/texts: expected maximum item count: %d, found: %d", cohereTexts, len(in.Texts))
	}
	out := &EmbedRequest{Inputs: in.Texts, Surface: surfaceCohereEmbed}
	for i, s := range in.Texts {
		if len(s) > cohereTextSize {
			return nil, malformedBody("#/texts/%d: expected maxLength: %d, actual: %d", i, cohereTextSize, len(s))
		}
	}
	for _, t := range in.Types {
		if t != "float" { // quantised vectors are real, and not known here: the words are the mock's own
			return nil, malformedBody("this mock gives embeddings of type float, not %s", t)
		}
		out.Surface = surfaceCohereTyped
	}
	return out, nil
}

// WriteEmbeddings writes the vectors in the body of the model's maker.
func (d bedrock) WriteEmbeddings(w http.ResponseWriter, req *EmbedRequest, e *Embeddings) error {
	w.Header().Set("X-Amzn-Bedrock-Input-Token-Count", strconv.Itoa(e.Usage.Prompt))
	b := make([]byte, 0, 256+12*len(e.Vectors)*(1+len(e.Vectors[0])))
	if req.Surface == surfaceTitanEmbed {
		b = appendFloats(append(b, `{"embedding":`...), e.Vectors[0])
		b = appendFloats(append(b, `,"embeddingsByType":{"float":`...), e.Vectors[0])
		return writeJSON(w, http.StatusOK, append(appendField(b, `},"inputTextTokenCount":`, e.Usage.Prompt), '}'))
	}
	b = append(b, `{"embeddings":`...)
	answered := "embeddings_floats"
	if req.Surface == surfaceCohereTyped {
		b = append(b, `{"float":`...)
		answered = "embeddings_by_type"
	}
	for i, v := range e.Vectors {
		b = append(b, "[,"[min(i, 1)])
		b = appendFloats(b, v)
	}
	b = append(b, ']')
	if req.Surface == surfaceCohereTyped {
		b = append(b, '}')
	}
	b = appendString(append(b, `,"id":`...), uuid(embedBits(req)))
	b = append(append(b, `,"response_type":"`...), answered...)
	b = append(b, `","texts":`...)
	for i, s := range req.Inputs {
		b = appendString(append(b, "[,"[min(i, 1)]), s)
	}
	return writeJSON(w, http.StatusOK, append(b, "]}"...))
}

// WrongModel words the refusal of a model for what it cannot do.
func (d bedrock) WrongModel(Operation, string) *Failure {
	return bedrockInvalid("The model doesn't support this operation.") // unverified
}

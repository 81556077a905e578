package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"brownout/mocks/answer"
	"brownout/mocks/wire"
)

// embedRequest makes a request for the embeddings of texts.
func (m *mix) embedRequest(k *kind, inputs []string) (*http.Request, error) {
	body, err := json.Marshal(struct {
		Model      string   `json:"model"`
		Input      []string `json:"input"`
		Dimensions int      `json:"dimensions,omitempty"`
		Encoding   string   `json:"encoding_format"`
	}{k.ask.Model, inputs, k.Dimensions, "float"})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequest(http.MethodPost, m.base+"/v1/embeddings", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	if m.key != "" {
		r.Header.Set("Authorization", "Bearer "+m.key)
	}
	return r, nil
}

// embeddings is an answer with vectors.
type embeddings struct {
	Model string `json:"model"`
	Data  []struct {
		Index  int       `json:"index"`
		Vector []float32 `json:"embedding"`
	} `json:"data"`
	Usage struct {
		Prompt int `json:"prompt_tokens"`
	} `json:"usage"`
}

// tokens are what the embeddings cost. They have no answer tokens; one stands
// for them, so that usage of a prompt alone is not taken for a slip.
func (in *embeddings) tokens() wire.Usage {
	if in.Usage.Prompt == 0 {
		return wire.Usage{}
	}
	return wire.Usage{Prompt: in.Usage.Prompt, Completion: 1}
}

// likeness is how far a number of a vector may lie from what it should be: a
// gateway may write it with fewer digits.
const likeness = 1e-5

// bytesPerNumber bounds what a number of a vector takes in JSON.
const bytesPerNumber = 32

// embedded judges an answer with vectors: one for each input, in its place, of
// the length that was asked for, and that of its text.
func (e *exchange) embedded() finding {
	limit := max(maxAnswer, e.shot.Inputs*e.shot.length*bytesPerNumber)
	return e.read(int64(limit), func(body []byte, more bool, err error) finding {
		switch {
		case err != nil:
			return e.broken(err)
		case more:
			return tooLarge(limit)
		}
		var in embeddings
		if err := json.Unmarshal(body, &in); err != nil {
			return corrupt(reasonMalformed, "the embeddings are not readable: "+err.Error())
		}
		e.sample.Model, e.sample.Prompt = in.Model, in.Usage.Prompt
		if f := e.vectors(&in); f.outcome != "" {
			return f
		}
		return e.signed(in.tokens())
	})
}

// vectors tells what is wrong with the vectors; the zero finding where nothing
// is.
func (e *exchange) vectors(in *embeddings) finding {
	inputs := e.shot.body.prompts
	if len(in.Data) != len(inputs) {
		return corrupt(reasonCount, fmt.Sprintf("%d vectors for %d inputs", len(in.Data), len(inputs)))
	}
	seen := make([]bool, len(inputs))
	length := e.shot.length
	for _, d := range in.Data {
		if d.Index < 0 || d.Index >= len(inputs) || seen[d.Index] {
			return corrupt(reasonCount, fmt.Sprintf("two vectors, or none, for one of %d inputs", len(inputs)))
		}
		seen[d.Index] = true
		if length == 0 {
			length = len(d.Vector)
		}
		if len(d.Vector) != length || length == 0 {
			return corrupt(reasonDimension, fmt.Sprintf("a vector of %d numbers, not %d", len(d.Vector), length))
		}
		for i, want := range answer.Vector(e.shot.prompt(d.Index), length) {
			if x := d.Vector[i] - want; !(x <= likeness && x >= -likeness) {
				return corrupt(string(answer.Altered), fmt.Sprintf("number %d of the vector of input %d", i, d.Index))
			}
		}
	}
	return finding{}
}

package wire

import (
	"net/http"
	"strconv"
)

// geminiEmbed is a request for embeddings, in any of its three forms: one
// content, several requests of one each, or Vertex AI's instances.
type geminiEmbed struct {
	geminiEmbedOne
	Requests  []geminiEmbedOne `json:"requests"`
	Instances []struct {
		Content string `json:"content"`
	} `json:"instances"`
	Parameters struct {
		Dimensions int `json:"outputDimensionality"`
	} `json:"parameters"`
}

type geminiEmbedOne struct {
	Content    *geminiContent `json:"content"`
	Dimensions int            `json:"outputDimensionality"`
	Config     struct {
		Dimensions int `json:"outputDimensionality"`
	} `json:"embedContentConfig"` // Vertex AI's newer form
}

// DecodeEmbed reads a request for embeddings.
func (d gemini) DecodeEmbed(r *http.Request, body []byte) (*EmbedRequest, *Failure) {
	c, _, _ := d.call(r.URL)
	var in geminiEmbed
	if fail := d.read(body, &in); fail != nil {
		return nil, d.at(c, fail)
	}
	out := &EmbedRequest{Model: c.model, Surface: d.surface(c)}
	wrong := ""
	switch c.method {
	case "batchEmbedContents":
		if len(in.Requests) == 0 {
			wrong = "* BatchEmbedContentsRequest.requests: requests is not specified\n"
		}
		for i := range in.Requests {
			out.add(&in.Requests[i], "BatchEmbedContentsRequest.requests["+strconv.Itoa(i)+"].content", &wrong)
		}
	case "predict":
		if len(in.Instances) == 0 {
			wrong = "Empty instances." // words unverified
		}
		out.Dimensions = in.Parameters.Dimensions
		for _, one := range in.Instances {
			out.Inputs = append(out.Inputs, one.Content)
		}
	default:
		out.add(&in.geminiEmbedOne, "EmbedContentRequest.content", &wrong)
	}
	if wrong != "" {
		return nil, d.at(c, &Failure{Kind: FailBadRequest, Message: wrong})
	}
	return out, nil
}

// add takes in one content.
func (e *EmbedRequest) add(one *geminiEmbedOne, at string, wrong *string) {
	if one.Content == nil || len(one.Content.Parts) == 0 {
		*wrong = "* " + at + ": content is not specified\n"
		return
	}
	e.Inputs = append(e.Inputs, one.Content.text())
	e.Dimensions = max(e.Dimensions, one.Dimensions, one.Config.Dimensions)
}

// WriteEmbeddings writes the vectors, in the form that was asked for.
func (d gemini) WriteEmbeddings(w http.ResponseWriter, req *EmbedRequest, e *Embeddings) error {
	b := make([]byte, 0, 256)
	switch d.callOf(req.Surface).method {
	case "predict":
		open := `{"predictions":[`
		for i, v := range e.Vectors {
			b = appendFloats(append(append(b, open...), `{"embeddings":{"values":`...), v)
			// Of a request's tokens only the sum is known.
			b = appendField(b, `,"statistics":{"token_count":`, share(e.Usage.Prompt, i, len(e.Vectors)))
			b = append(b, `,"truncated":false}}}`...)
			open = ","
		}
		b = append(b, "]}"...)
	case "batchEmbedContents":
		open := `{"embeddings":[`
		for _, v := range e.Vectors {
			b = append(appendFloats(append(append(b, open...), `{"values":`...), v), '}')
			open = ","
		}
		b = append(b, "]}"...)
	default:
		b = append(b, `{"embedding":{"values":`...)
		if len(e.Vectors) > 0 {
			b = appendFloats(b, e.Vectors[0])
		} else {
			b = append(b, "[]"...)
		}
		b = append(b, '}')
		if d.embedUsage {
			b = appendField(b, `,"usageMetadata":{"promptTokenCount":`, e.Usage.Prompt)
			b = append(b, `},"truncated":false`...)
		}
		b = append(b, '}')
	}
	return writeBody(w, http.StatusOK, googleJSON, append(appendIndented(nil, b), '\n'))
}

// share is the ith of n near equal parts of a sum.
func share(sum, i, n int) int { return sum*(i+1)/n - sum*i/n }

package wire

import (
	"net/http"
	"strings"
	"time"
)

// appendFoundationModel appends an entry of the control plane's list, under the
// bare id even where the catalogue has an inference profile's.
func appendFoundationModel(dst []byte, m ModelInfo) []byte {
	id := bareModel(m.ID)
	dst = appendString(append(dst, `{"modelArn":`...), "arn:aws:bedrock:us-east-1::foundation-model/"+id)
	dst = appendString(append(dst, `,"modelId":`...), id)
	dst = appendString(append(dst, `,"modelName":`...), foundationTitle(id))
	dst = appendString(append(dst, `,"providerName":`...), providerTitle(id))
	dst = append(dst, `,"inputModalities":["TEXT"],"outputModalities":["`...)
	if m.Embedding > 0 {
		dst = append(dst, `EMBEDDING"],"responseStreamingSupported":false`...)
	} else {
		dst = append(dst, `TEXT"],"responseStreamingSupported":true`...)
	}
	dst = append(dst, `,"customizationsSupported":[],"inferenceTypesSupported":["`...)
	if id != m.ID {
		dst = append(dst, `INFERENCE_PROFILE"]`...)
	} else {
		dst = append(dst, `ON_DEMAND"]`...)
	}
	return append(appendLifecycle(dst, m), '}')
}

// appendLifecycle appends a model's stage. Each date is left out where none is
// known.
func appendLifecycle(dst []byte, m ModelInfo) []byte {
	status := `"ACTIVE"`
	if !m.Deprecated.IsZero() {
		status = `"LEGACY"`
	}
	dst = append(append(dst, `,"modelLifecycle":{"status":`...), status...)
	for _, d := range []struct {
		key string
		at  time.Time
	}{{`,"startOfLifeTime":`, m.Created}, {`,"legacyTime":`, m.Deprecated}, {`,"endOfLifeTime":`, m.Shutdown}} {
		if !d.at.IsZero() {
			dst = appendDate(append(dst, d.key...), d.at)
		}
	}
	return append(dst, '}')
}

// foundationTitle makes a display name of a model's id:
// anthropic.claude-haiku-4-5-20251001-v1:0 is Claude Haiku 4.5.
func foundationTitle(id string) string {
	_, name, _ := strings.Cut(id, ".")
	if i := strings.LastIndex(name, "-v"); i > 0 {
		name = name[:i]
	}
	return anthropicTitle(name)
}

// providerTitle is the maker's name: Anthropic, Amazon, Meta.
func providerTitle(id string) string {
	maker := makerOf(id)
	if maker == "" {
		return ""
	}
	return strings.ToUpper(maker[:1]) + maker[1:]
}

// WriteModels writes the model list. A model at the end of its life is not in
// it (unverified).
func (d bedrock) WriteModels(w http.ResponseWriter, _ *http.Request, ms []ModelInfo) {
	b := []byte(`{"modelSummaries":[`)
	sep := ""
	for _, m := range ms {
		if m.Retired {
			continue
		}
		b = appendFoundationModel(append(b, sep...), m)
		sep = ","
	}
	_ = writeJSON(w, http.StatusOK, append(b, "]}"...))
}

// WriteModel writes one entry of it.
func (d bedrock) WriteModel(w http.ResponseWriter, m ModelInfo) {
	_ = writeJSON(w, http.StatusOK, append(appendFoundationModel([]byte(`{"modelDetails":`), m), '}'))
}

// ServeOther answers a request for one model, by its bare id.
func (d bedrock) ServeOther(w http.ResponseWriter, _ *http.Request, arg string, ms []ModelInfo, _ Gauges) {
	arg = bareModel(bedrockModel(arg))
	for _, m := range ms {
		switch {
		case bareModel(m.ID) != arg:
		case m.Retired:
			d.WriteFailure(w, &Failure{Kind: FailModelNotFound, Model: arg, Retired: true})
			return
		default:
			d.WriteModel(w, m)
			return
		}
	}
	d.WriteFailure(w, &Failure{Kind: FailModelNotFound, Model: arg})
}

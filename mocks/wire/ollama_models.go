package wire

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// WriteModels writes the list of local models. A retired one is gone from it.
func (d ollama) WriteModels(w http.ResponseWriter, _ *http.Request, ms []ModelInfo) {
	b := []byte(`{"models":[`)
	n := 0
	for _, m := range ms {
		if m.Retired {
			continue
		}
		if n++; n > 1 {
			b = append(b, ',')
		}
		b = append(appendOllamaModel(b, m), '}')
	}
	_ = writeBody(w, http.StatusOK, ollamaJSON, append(b, "]}"...))
}

// WriteModel writes one entry.
func (d ollama) WriteModel(w http.ResponseWriter, m ModelInfo) {
	_ = writeBody(w, http.StatusOK, ollamaJSON, append(appendOllamaModel(nil, m), '}'))
}

// appendOllamaModel appends an entry but for its closing bracket. The digest
// follows from the name; family, size and quantisation are read off it.
func appendOllamaModel(dst []byte, m ModelInfo) []byte {
	dst = appendString(append(dst, `{"name":`...), m.ID)
	dst = appendString(append(dst, `,"model":`...), m.ID)
	dst = m.Created.AppendFormat(append(dst, `,"modified_at":`...), `"`+time.RFC3339Nano+`"`)
	dst = strconv.AppendInt(append(dst, `,"size":`...), ollamaSize(m.ID), 10)
	dst = appendString(append(dst, `,"digest":`...), spell("", answerBits(&Request{Model: m.ID}), hex32, 64))
	return appendOllamaDetails(append(dst, `,"details":`...), m)
}

func appendOllamaDetails(dst []byte, m ModelInfo) []byte {
	family, parameters, quantisation := ollamaName(m.ID)
	dst = appendString(append(dst, `{"parent_model":`...), m.Base)
	dst = appendString(append(dst, `,"format":"gguf","family":`...), family)
	dst = appendString(append(dst, `,"families":[`...), family)
	dst = appendString(append(dst, `],"parameter_size":`...), parameters)
	dst = appendString(append(dst, `,"quantization_level":`...), quantisation)
	return append(dst, '}')
}

// ollamaName reads what a model's name says of it: gemma2:2b-instruct-q4_K_M
// is of the family gemma2, has 2B parameters and is quantised as Q4_K_M. What
// the name does not say is "unknown", as Ollama has it.
func ollamaName(id string) (family, parameters, quantisation string) {
	family, tag, _ := strings.Cut(id, ":")
	parameters, quantisation = "unknown", "unknown"
	for part := range strings.SplitSeq(tag, "-") {
		switch {
		case len(part) > 1 && part[len(part)-1] == 'b' && strings.Trim(part[:len(part)-1], "0123456789.") == "":
			parameters = strings.ToUpper(part)
		case len(part) > 1 && (part[0] == 'q' || part[0] == 'Q') && part[1] >= '0' && part[1] <= '9':
			quantisation = strings.ToUpper(part)
		case strings.EqualFold(part, "fp16"), strings.EqualFold(part, "bf16"):
			quantisation = strings.ToUpper(strings.TrimPrefix(part, "f"))
		}
	}
	return family, parameters, quantisation
}

// ollamaSize is the size of a model's file in bytes, from its parameters and
// their bits; a quantised weight takes about half a bit more for its scale. 0:
// the name does not say.
func ollamaSize(id string) int64 {
	_, parameters, quantisation := ollamaName(id)
	billions, err := strconv.ParseFloat(strings.TrimSuffix(parameters, "B"), 64)
	if err != nil {
		return 0
	}
	bits := 16.0
	if len(quantisation) > 1 && quantisation[0] == 'Q' {
		bits = float64(quantisation[1]-'0') + 0.5
	}
	return int64(billions * 1e9 * bits / 8)
}

// ServeOther answers what only Ollama has, and the model lists below /v1, which
// have OpenAI's shape.
func (d ollama) ServeOther(w http.ResponseWriter, r *http.Request, arg string, ms []ModelInfo, g Gauges) {
	switch arg {
	case ollamaPs:
		d.writePs(w, ms, g)
	case ollamaShow:
		d.writeShow(w, r, ms)
	case ollamaV1:
		d.compat.WriteModels(w, r, ms)
	default:
		id := strings.TrimPrefix(arg, ollamaV1+"/")
		m, ok := known(ms, id)
		if !ok {
			d.compat.WriteFailure(w, &Failure{Kind: FailModelNotFound, Model: id})
			return
		}
		d.compat.WriteModel(w, m)
	}
}

func known(ms []ModelInfo, id string) (ModelInfo, bool) {
	i := slices.IndexFunc(ms, func(m ModelInfo) bool { return m.ID == id && !m.Retired })
	if i < 0 {
		return ModelInfo{}, false
	}
	return ms[i], true
}

// writePs lists the models in memory, those that stay the longest first. A
// model that stays for ever expires in some 292 years, as keep_alive -1 makes
// it.
func (d ollama) writePs(w http.ResponseWriter, ms []ModelInfo, g Gauges) {
	type entry struct {
		m  ModelInfo
		at time.Time
	}
	var loaded []entry
	for id, at := range g.Loaded {
		if m, ok := known(ms, id); ok {
			if at.IsZero() {
				at = m.Created.Add(1<<63 - 1)
			}
			loaded = append(loaded, entry{m, at})
		}
	}
	slices.SortFunc(loaded, func(a, b entry) int {
		return cmp.Or(b.at.Compare(a.at), strings.Compare(a.m.ID, b.m.ID))
	})
	b := []byte(`{"models":[`)
	for i, e := range loaded {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendOllamaModel(b, e.m)
		b = e.at.AppendFormat(append(b, `,"expires_at":`...), `"`+time.RFC3339Nano+`"`)
		b = strconv.AppendInt(append(b, `,"size_vram":`...), ollamaSize(e.m.ID), 10)
		b = append(appendField(b, `,"context_length":`, e.m.Context), '}')
	}
	// Unlike appendOllamaModel's time, an entry has no modified_at; clients
	// pass over what they do not know.
	_ = writeBody(w, http.StatusOK, ollamaJSON, append(b, "]}"...))
}

// writeShow tells of one model. Template and license are those of no real
// model, and left out, as Ollama does with what a model lacks.
func (d ollama) writeShow(w http.ResponseWriter, r *http.Request, ms []ModelInfo) {
	var in struct {
		Model string `json:"model"`
		Name  string `json:"name"` // what it was called before
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxBody))
	if err == nil && len(body) == 0 {
		err = io.EOF
	}
	switch {
	case err == io.EOF:
		d.WriteFailure(w, &Failure{Kind: FailBadRequest, Message: "missing request body"})
		return
	case err == nil:
		err = json.Unmarshal(body, &in)
	}
	id := cmp.Or(in.Model, in.Name)
	switch {
	case err != nil:
		d.WriteFailure(w, &Failure{Kind: FailBadRequest, Message: plainly(err)})
		return
	case id == "":
		d.WriteFailure(w, &Failure{Kind: FailBadRequest, Message: "model is required"})
		return
	}
	m, ok := known(ms, id)
	if !ok {
		d.WriteFailure(w, &Failure{Kind: FailModelNotFound, Model: id})
		return
	}
	family, _, _ := ollamaName(m.ID)
	b := appendString([]byte(`{"modelfile":`), "FROM "+m.ID+"\n")
	b = appendOllamaDetails(append(b, `,"details":`...), m)
	b = appendString(append(b, `,"model_info":{"general.architecture":`...), family)
	b = appendField(append(appendString(append(b, ','), family+".context_length"), ':'), "", m.Context)
	if m.Embedding > 0 {
		b = appendField(append(appendString(append(b, ','), family+".embedding_length"), ':'), "", m.Embedding)
		b = append(b, `},"capabilities":["embedding"]`...)
	} else {
		b = append(b, `},"capabilities":["completion","tools"]`...)
	}
	b = m.Created.AppendFormat(append(b, `,"modified_at":`...), `"`+time.RFC3339Nano+`"`)
	_ = writeBody(w, http.StatusOK, ollamaJSON, append(b, '}'))
}

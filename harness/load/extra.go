package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"

	"brownout/plan"
)

// modelField is the field of a body that stands in the place of ours.
const modelField = "model"

// add takes what the target wants in each request of the kind. A model that it
// names is its own name for what is asked; by whom it may be answered is settled
// before.
func (k *kind) add(extra func(plan.Mix) (map[string]string, map[string]json.RawMessage, error)) error {
	if extra == nil {
		return nil
	}
	headers, body, err := extra(k.Mix)
	if err != nil {
		return err
	}
	k.headers = headers
	for _, name := range slices.Sorted(maps.Keys(body)) {
		if name == modelField {
			if err := json.Unmarshal(body[name], &k.ask.Model); err != nil {
				return fmt.Errorf("body field %s: %w", name, err)
			}
			k.answers.add(k.ask.Model)
			continue
		}
		member, err := json.Marshal(name)
		if err != nil {
			return err
		}
		k.fields = append(append(append(append(k.fields, ','), member...), ':'), body[name]...)
	}
	return nil
}

// extend puts the fields that the target wants into a request's body.
func (k *kind) extend(body []byte) ([]byte, error) {
	if len(k.fields) == 0 {
		return body, nil
	}
	body = bytes.TrimRight(body, " \n")
	if len(body) < 3 || body[len(body)-1] != '}' { // {} would need no comma
		return nil, fmt.Errorf("the body is no JSON object that fields could be put into")
	}
	return append(append(body[:len(body)-1:len(body)-1], k.fields...), '}'), nil
}

// extendRequest does the same to a request that is made when it is sent.
func (k *kind) extendRequest(r *http.Request) error {
	if len(k.fields) == 0 {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		body, err = k.extend(body)
	}
	if err != nil {
		return err
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return nil
}

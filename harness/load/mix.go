package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"brownout/chance"
	"brownout/mocks/answer"
	"brownout/mocks/wire"
	"brownout/plan"
)

// variants is how many different prompts a kind of request has, beside the
// marker, which differs from request to request.
const variants = 16

// spare is how far max_tokens lies above the asked number of words, so that no
// answer of the asked length is ever cut.
const spare = 16

// mix is what is sent. Which kind request n is, its marker and its body are
// functions of the seed and n, whoever asks and in whatever order.
type mix struct {
	seed  uint64
	hash  string // four hex digits that tell the markers of one seed from another's
	kinds []kind
	url   string
}

// kind is one kind of request, with everything made that does not depend on
// the single request.
type kind struct {
	plan.Mix
	upTo      float64 // its share of the load and the shares of those before it
	maxTokens int
	header    http.Header // shared by all its requests; never changed
	bodies    []body      // one for each variant, or for each question
}

// body is the JSON of a request around its marker.
type body struct{ head, tail []byte }

// shot is one request.
type shot struct {
	*kind
	n      uint64
	marker string
	body   body
}

func newMix(c Config, client wire.Client) (*mix, error) {
	m := &mix{
		seed: c.Plan.Seed,
		hash: fmt.Sprintf("%04x", chance.Key{Seed: c.Plan.Seed, Purpose: "marker"}.Bits()>>48),
	}
	sum := 0.0
	for _, e := range c.Plan.Load.Mix {
		if e.Weight <= 0 || e.Deadline <= 0 || e.Tokens <= 0 {
			return nil, fmt.Errorf("load: mix entry %q: weight, deadline and tokens must be above zero", e.Kind)
		}
		sum += e.Weight
	}
	if sum == 0 {
		return nil, errors.New("load: the mix is empty; name at least one kind of request")
	}
	share := 0.0
	for _, e := range c.Plan.Load.Mix {
		share += e.Weight / sum
		k := kind{Mix: e, upTo: share, maxTokens: e.Tokens + spare}
		count := variants
		if e.Kind == plan.KindFAQ {
			count = max(1, e.FAQs)
		}
		for i := range count {
			if err := m.prepare(&k, i, c, client); err != nil {
				return nil, fmt.Errorf("load: request of kind %q: %w", e.Kind, err)
			}
		}
		m.kinds = append(m.kinds, k)
	}
	m.kinds[len(m.kinds)-1].upTo = 1 // whatever rounding left
	return m, nil
}

// stand is put where the marker will be, to find the place again.
const stand = "marker-stands-here"

// prepare makes variant i of a kind's body. The client side of the dialect
// writes it, so that nothing here knows how a request looks.
func (m *mix) prepare(k *kind, i int, c Config, client wire.Client) error {
	filler := chance.Key{Seed: m.seed, Marker: k.Kind + strconv.Itoa(i), Purpose: "prompt"}
	var temperature float64
	r, err := client.NewRequest(context.Background(), strings.TrimSuffix(c.BaseURL, "/"), c.Key, &wire.Request{
		Model:        c.Model,
		Messages:     []wire.Message{{Role: "user", Text: promptText(filler, k.Prompt, k.Tokens, answer.Mark(stand))}},
		MaxTokens:    k.maxTokens,
		Temperature:  &temperature,
		Stream:       k.Kind == plan.KindStream,
		IncludeUsage: k.Kind == plan.KindStream,
	})
	if err != nil {
		return err
	}
	if r.Body == nil {
		return errors.New("the dialect made a request without a body")
	}
	whole, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	head, tail, found := bytes.Cut(whole, []byte(stand))
	if !found || bytes.Contains(tail, []byte(stand)) {
		return errors.New("the dialect did not write the prompt as it was given")
	}
	k.bodies = append(k.bodies, body{head, tail})

	m.url = r.URL.String()
	k.header = r.Header
	if len(k.Allow) > 0 {
		k.header.Set(wire.HeaderAllow, strings.Join(k.Allow, ","))
	}
	if len(k.Regions) > 0 {
		k.header.Set(wire.HeaderRegions, strings.Join(k.Regions, ","))
	}
	return nil
}

// shot returns request n.
func (m *mix) shot(n uint64) shot {
	key := chance.Key{Seed: m.seed, Attempt: int(n), Purpose: "mix"}
	u, i := key.Uniform(), 0
	for u >= m.kinds[i].upTo {
		i++
	}
	k := &m.kinds[i]
	key.Purpose = "prompt"
	which := key.IntN(len(k.bodies))

	id := make([]byte, 0, 48)
	id = append(append(append(id, k.Kind...), '-'), m.hash...)
	if k.Kind == plan.KindFAQ {
		id = strconv.AppendInt(append(id, "-q"...), int64(which), 10)
	} else {
		id = strconv.AppendUint(append(id, '-'), n, 16)
	}
	return shot{kind: k, n: n, marker: string(id), body: k.bodies[which]}
}

// json is the request's body.
func (s shot) json() []byte {
	b := make([]byte, 0, len(s.body.head)+len(s.marker)+len(s.body.tail))
	b = append(b, s.body.head...)
	b = append(b, s.marker...)
	return append(b, s.body.tail...)
}

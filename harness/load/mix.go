package load

import (
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
	seed   uint64
	hash   string // four hex digits that tell the markers of one seed from another's
	kinds  []kind
	client wire.Client
	base   string // scheme and host of the target
	key    string
}

// kind is one kind of request, with everything made that does not depend on
// the single request.
type kind struct {
	plan.Mix
	upTo    float64 // its share of the load and the shares of those before it
	ask     wire.Request
	url     string
	header  http.Header // shared by all its requests; never changed
	bodies  []body      // one for each variant, or for each question
	answers models
	length  int // of the vectors of kind embed; 0: not known

	headers map[string]string // that the target wants
	fields  []byte            // that it wants in the body: members of a JSON object, each with a comma before it
}

// body is one variant of a request: its JSON around what is the single
// request's own.
type body struct {
	template
	prompts []string // its texts, with stands where that goes; of kind embed one for each input, of kind fanout one for each step
	tool    int      // of kind tools: the function that must be called
}

// shot is one request.
type shot struct {
	*kind
	n        uint64
	marker   string
	workflow string // of kinds agent and fanout
	body     *body
}

func newMix(c Config, client wire.Client) (*mix, error) {
	m := &mix{
		seed:   c.Plan.Seed,
		hash:   fmt.Sprintf("%04x", chance.Key{Seed: c.Plan.Seed, Purpose: "marker"}.Bits()>>48),
		client: client, base: strings.TrimSuffix(c.BaseURL, "/"), key: c.Key,
	}
	sum := 0.0
	for _, e := range c.Plan.Load.Mix {
		if err := e.Check(); err != nil {
			return nil, fmt.Errorf("load: mix entry %q: %w", e.Kind, err)
		}
		sum += e.Weight
	}
	if sum == 0 {
		return nil, errors.New("load: the mix is empty; name at least one kind of request")
	}
	share := 0.0
	for _, e := range c.Plan.Load.Mix {
		share += e.Weight / sum
		k := newKind(c, e)
		k.upTo = share
		if e.Kind == plan.KindEmbed && c.Dialect != "" && c.Dialect != defaultDialect {
			return nil, fmt.Errorf("load: the mix has embeddings, and the target speaks %s, which has none", c.Dialect)
		}
		if err := k.add(c.Extra); err != nil {
			return nil, fmt.Errorf("load: request of kind %q: %w", e.Kind, err)
		}
		count := variants
		if e.Kind == plan.KindFAQ {
			count = max(1, e.FAQs) * max(1, e.Wordings)
		}
		for i := range count {
			if err := m.prepare(&k, i); err != nil {
				return nil, fmt.Errorf("load: request of kind %q: %w", e.Kind, err)
			}
		}
		m.kinds = append(m.kinds, k)
	}
	m.kinds[len(m.kinds)-1].upTo = 1 // whatever rounding left
	return m, nil
}

// newKind makes what all requests of a mix entry ask for.
func newKind(c Config, e plan.Mix) kind {
	k := kind{Mix: e, ask: wire.Request{
		Model: e.Model, MaxTokens: e.Tokens + spare, Temperature: new(e.Temperature),
		Stream: e.Streams(), IncludeUsage: e.Streams(),
	}}
	if len(e.Personal) > 0 {
		k.ask.MaxTokens += addressTokens
	}
	if e.Seed != 0 {
		k.ask.Seed = new(int64(e.Seed))
	}
	if k.ask.Model == "" {
		k.ask.Model = c.Model
		if e.Kind == plan.KindEmbed {
			k.ask.Model = c.Embedding
		}
	}
	if e.Kind == plan.KindTools {
		k.ask.Tools, k.ask.MaxTokens = functions(), max(k.ask.MaxTokens, callTokens)
	}
	k.answers = modelsOf(c.Plan, e, k.ask.Model)
	for _, id := range c.Renamed {
		k.answers.add(id)
	}
	k.length = lengthOf(c.Plan, e, k.ask.Model)
	return k
}

// prepare makes variant i of a kind's body. The client side of the dialect
// writes it, so that nothing here knows how a request looks.
func (m *mix) prepare(k *kind, i int) error {
	b := body{}
	var (
		r   *http.Request
		err error
	)
	switch k.Kind {
	case plan.KindEmbed:
		for j := range k.Inputs {
			b.prompts = append(b.prompts, promptText(m.filler(k, i, j), k.Prompt, "Embed this. "+answer.Mark(stand)))
		}
		r, err = m.embedRequest(k, b.prompts)
	case plan.KindFanout:
		b.prompts = m.fanPrompts(k, i)
		r, err = m.fanRequest(k, b.prompts)
	default:
		ask := "Answer in " + strconv.Itoa(k.Tokens) + " words. " + answer.Mark(stand)
		if k.Kind == plan.KindTools {
			b.tool = i % len(k.ask.Tools)
			ask = "Call " + k.ask.Tools[b.tool].Name + " first. " + ask
		}
		if len(k.Personal) > 0 {
			ask = personalWords + ask
		}
		question := i / max(1, k.Wordings)
		b.prompts = []string{worded(i%max(1, k.Wordings), promptText(m.filler(k, question, 0), k.Prompt/(1+2*k.History), ask))}
		r, err = m.request(context.Background(), k, m.history(k, i, &b)...)
	}
	if err != nil {
		return err
	}
	if r.Body == nil {
		return errors.New("the dialect made a request without a body")
	}
	whole, err := io.ReadAll(r.Body)
	if err == nil {
		whole, err = k.extend(whole)
	}
	if err != nil {
		return err
	}
	b.template = newTemplate(whole)
	if len(b.holes) != holesIn(b.prompts) {
		return errors.New("the dialect did not write the prompt as it was given")
	}
	k.bodies = append(k.bodies, b)
	k.url, k.header = r.URL.String(), r.Header
	for name, value := range k.headers {
		k.header.Set(name, value)
	}
	k.say(wire.HeaderAllow, strings.Join(k.Allow, ","))
	k.say(wire.HeaderRegions, strings.Join(k.Regions, ","))
	k.say(wire.HeaderPriority, urgency[k.Priority])
	k.say(wire.HeaderCache, k.caching())
	if k.Budget > 0 {
		k.say(wire.HeaderBudget, strconv.FormatFloat(k.Budget, 'f', -1, 64))
	}
	return nil
}

// urgency are the words of the header for those of plan.Priorities.
var urgency = map[string]string{"interactive": "high", "batch": "low"}

// caching is what the requests say of caches. A question is meant for them; of
// what is asked twice a cache would only hear itself. The others say nothing.
func (k *kind) caching() string {
	switch {
	case k.Kind == plan.KindFAQ:
		return "on"
	case k.Twice:
		return "off"
	}
	return ""
}

// say sets a header of all requests, if there is anything to say.
func (k *kind) say(header, value string) {
	if value != "" {
		k.header.Set(header, value)
	}
}

// filler is the key of the words of one prompt.
func (m *mix) filler(k *kind, variant, input int) chance.Key {
	name := k.Kind + strconv.Itoa(variant)
	if input > 0 {
		name += "-" + strconv.Itoa(input)
	}
	return chance.Key{Seed: m.seed, Marker: name, Purpose: "prompt"}
}

// request makes a request of a kind with those messages.
func (m *mix) request(ctx context.Context, k *kind, messages ...wire.Message) (*http.Request, error) {
	ask := k.ask
	ask.Messages = messages
	return m.client.NewRequest(ctx, m.base, m.key, &ask)
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
		id = strconv.AppendInt(append(id, "-q"...), int64(which/max(1, k.Wordings)), 10)
	} else {
		id = strconv.AppendUint(append(id, '-'), n, 16)
	}
	s := shot{kind: k, n: n, body: &k.bodies[which]}
	switch k.Kind {
	case plan.KindAgent:
		s.workflow = string(id)
		id = append(id, "-1"...)
	case plan.KindFanout: // whose prompts have the numbers
		s.workflow = string(id)
	}
	s.marker = string(id)
	return s
}

// json is the request's body.
func (s shot) json() []byte {
	return s.body.fill(s.own())
}

// size is the length of the body.
func (s shot) size() int { return s.body.filled(s.own()) }

// prompts are the texts of the request, as they were sent.
func (s shot) prompts() []string {
	out := make([]string, len(s.body.prompts))
	for i := range out {
		out[i] = s.prompt(i)
	}
	return out
}

// prompt is text i of the request, as it was sent.
func (s shot) prompt(i int) string {
	t := newTemplate([]byte(s.body.prompts[i]))
	return string(t.fill(s.own()))
}

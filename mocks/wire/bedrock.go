package wire

import (
	"net/http"
	"strings"
	"time"
)

// bedrock is the dialect of Amazon Bedrock's runtime: Converse and
// ConverseStream, InvokeModel and its stream with the bodies of the model's
// maker, and the list of models of its control plane, which in reality has
// another host. Sources: aws-sdk-go-v2's service/bedrockruntime v1.63.12, public
// reports and AWS's user guide, read 2026-11.
type bedrock struct{ *bedrockFacts }

// bedrockFacts are the settings of the dialect that its sources leave open or
// that may change.
type bedrockFacts struct {
	api *awsAPI
	// filtered is the stop reason of an answer that was held back. A guardrail
	// gives guardrail_intervened, a model's own filter content_filtered.
	filtered string
	// profileOnly begin the ids of models that are served through an inference
	// profile alone (us.anthropic.…, global.anthropic.…, or an ARN).
	profileOnly []string
	// maxBody bounds request bodies, in bytes. Seen for InvokeModel; Converse is
	// taken to have the same bound (unverified).
	maxBody int
}

var bedrockAWS = &bedrockFacts{
	api:      bedrockAPI,
	filtered: "guardrail_intervened",
	// Seen refused with "on-demand throughput isn't supported" in public reports
	// of 2025 and 2026; that all of the generation are is unverified.
	profileOnly: []string{"anthropic.claude-sonnet-4", "anthropic.claude-opus-4", "anthropic.claude-haiku-4", "anthropic.claude-3-7-sonnet", "meta.llama4", "meta.llama3-3", "amazon.nova-premier", "amazon.nova-2"},
	maxBody:     25_000_000,
}

// claudeOnBedrock is the Messages API inside InvokeModel: the version stands in
// the body, ids have a prefix of their own and there is no ping.
var claudeOnBedrock = &anthropicFacts{
	name:          "bedrock",
	answerPrefix:  "msg_bdrk_01",
	requestPrefix: "req_01",
	versions:      map[string]bool{"bedrock-2023-05-31": false, "2026-10-21": true},
	clientVersion: "bedrock-2023-05-31",
	maxTokens:     4096,
}

func (d bedrock) Name() string { return "bedrock" }

// NewRequestID returns a UUID.
func (d bedrock) NewRequestID(bits uint64) string { return uuid(bits) }

// NewAnswerID returns nothing: Converse's answers have no id.
func (d bedrock) NewAnswerID(uint64) string { return "" }

// NewToolCallID returns the id of a call of a function.
func (d bedrock) NewToolCallID(bits uint64) string { return spell("tooluse_", bits, base62, 22) }

func (d bedrock) Usual(k FailureKind) int { return d.api.fill(&Failure{Kind: k}).Status }

// stop is a finish in Converse's words; bedrockFinish the reverse.
func (d bedrock) stop(f Finish) string {
	switch f {
	case FinishStop:
		return "end_turn"
	case FinishLength:
		return "max_tokens"
	case FinishToolCalls:
		return "tool_use"
	case FinishContentFilter:
		return d.filtered
	}
	return string(f)
}

func bedrockFinish(stop string) Finish {
	switch stop {
	case "end_turn", "stop_sequence":
		return FinishStop
	case "max_tokens", "model_context_window_exceeded":
		return FinishLength
	case "tool_use":
		return FinishToolCalls
	case "guardrail_intervened", "content_filtered":
		return FinishContentFilter
	}
	return Finish(stop)
}

// longestCall is how old an answer's beginning may be to count as its own.
const longestCall = time.Hour

// latencyMs is how long ago an answer was begun, in milliseconds. It is 0 where
// that is not known.
func latencyMs(began time.Time) int {
	if d := time.Since(began); d > 0 && d < longestCall {
		return int(d.Milliseconds())
	}
	return 0
}

// bedrockModel takes a model id apart: an ARN of a foundation model or of an
// inference profile is the id it ends in; other ARNs stay whole.
func bedrockModel(id string) string {
	if !strings.HasPrefix(id, "arn:") {
		return id
	}
	for _, kind := range []string{":foundation-model/", ":inference-profile/"} {
		if _, name, ok := strings.Cut(id, kind); ok {
			return name
		}
	}
	return id
}

// bareModel cuts the geography from the id of an inference profile.
func bareModel(id string) string {
	for _, geo := range []string{"us.", "eu.", "apac.", "jp.", "au.", "us-gov.", "global."} {
		if rest, ok := strings.CutPrefix(id, geo); ok {
			return rest
		}
	}
	return id
}

// makerOf is whose model it is: the part before the first dot.
func makerOf(id string) string {
	maker, _, _ := strings.Cut(bareModel(id), ".")
	return maker
}

// needsProfile tells whether a model is asked for by its bare id in vain.
func (d bedrock) needsProfile(id string) bool {
	for _, p := range d.profileOnly {
		if strings.HasPrefix(id, p) {
			return true
		}
	}
	return false
}

// WriteHeaders sets the request id. There are no headers on limits.
func (d bedrock) WriteHeaders(h http.Header, requestID string, _ Budgets, _ time.Time) {
	h.Set("X-Amzn-Requestid", requestID)
}

// Authorized checks the access key id of the signature, or the bearer key.
func (d bedrock) Authorized(r *http.Request, ok func(string) bool) *Failure {
	return d.api.authorized(r, ok)
}

// WriteHealth: Bedrock has no health or version call, and Route never asks.
func (d bedrock) WriteHealth(w http.ResponseWriter, _ Operation, _ bool) {
	w.WriteHeader(http.StatusNotFound)
}

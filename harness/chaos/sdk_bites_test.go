//go:build !race

package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"brownout/plan"
)

// is wants a refusal of that status and code.
func is(status int, code string) func(*path, seen) bool {
	return func(_ *path, s seen) bool { return s.status == status && s.code == code }
}

// says wants a refusal of that status whose message holds some words.
func says(status int, words string) func(*path, seen) bool {
	return func(_ *path, s seen) bool { return s.status == status && strings.Contains(s.message, words) }
}

// refused: nobody listens. A call that finds a connection of the pool may see it
// reset instead, before its client knows that it is dead; the next one dials.
func refused(_ *path, s seen) bool { return errors.Is(s.err, syscall.ECONNREFUSED) }

func hangs(_ *path, s seen) bool { return errors.Is(s.err, context.DeadlineExceeded) }

func cutShort(_ *path, s seen) bool {
	return errors.Is(s.err, io.ErrUnexpectedEOF) || errors.Is(s.err, io.EOF)
}

// empty wants an answer that looks well and says nothing.
func empty(_ *path, s seen) bool { return s.status == 200 && s.err == nil && s.text == "" }

// lasts wants a whole answer that took so long at least.
func lasts(d time.Duration) func(*path, seen) bool {
	return func(_ *path, s seen) bool { return s.whole && s.took >= d }
}

const short = 150 * time.Millisecond

func allBites() []bite { return slices.Concat(serviceBites(), capacityBites(), linkBites()) }

func serviceBites() []bite {
	return []bite{
		{
			kind: "rate_limit", name: "honest", preset: "openai", params: map[string]any{"requests_per_minute": 6}, tries: 20, named: true,
			bites: func(_ *path, s seen) bool {
				return s.status == 429 && s.code == "rate_limit_exceeded" && s.retryAfter != ""
			},
		},
		{
			kind: "rate_limit", name: "states what is not true", preset: "anthropic", tries: 20, named: true,
			params: map[string]any{"requests_per_minute": 6, "stated": "fixed", "retry_after": "777s"},
			bites: func(_ *path, s seen) bool {
				return s.status == 429 && s.code == "rate_limit_error" && s.retryAfter == "777"
			},
		},
		{
			kind: "rate_limit", name: "states nothing", preset: "openai", tries: 20, named: true,
			params: map[string]any{"requests_per_minute": 6, "stated": "none"},
			bites:  func(_ *path, s seen) bool { return s.status == 429 && s.retryAfter == "" },
		},
		{
			kind: "quota_exhausted", preset: "openai", named: true, bites: is(429, "insufficient_quota"),
			while: func(_ *path, s *sdk) error { _, err := s.models(context.Background()); return err },
		},
		{kind: "quota_exhausted", name: "anthropic", preset: "anthropic", named: true, bites: func(_ *path, s seen) bool {
			return s.status == 400 && s.err != nil && strings.Contains(s.message, "credit balance")
		}},
		{
			kind: "overload", preset: "anthropic", params: map[string]any{"retry_after": "3s"}, named: true, listed: true,
			bites: func(_ *path, s seen) bool {
				return s.status == 529 && s.code == "overloaded_error" && s.retryAfter == "3"
			},
		},
		{kind: "overload", name: "openai", preset: "openai", named: true, listed: true, bites: is(503, "server_is_overloaded")},
		{kind: "server_error", preset: "openai", named: true, listed: true, bites: says(500, "The server had an error")},
		{kind: "server_error", name: "another status", preset: "anthropic", params: map[string]any{"status": 502}, named: true, listed: true, bites: func(_ *path, s seen) bool { return s.status == 502 }},
		{kind: "latency_spike", preset: "openai", params: map[string]any{"first_token": "30s"}, patience: short, named: true, bites: hangs},
		{kind: "latency_spike", name: "link", preset: "openai", params: map[string]any{"layer": "link", "latency": "30s"}, patience: short, bites: hangs},
		{kind: "deprecation", preset: "openai", params: map[string]any{"announced_for": "0s"}, named: true, bites: is(404, "model_not_found")},
		{
			kind: "deprecation", name: "renamed", preset: "anthropic", named: true,
			params: map[string]any{"announced_for": "0s", "mode": "renamed", "to": "claude-next"},
			bites:  is(404, "not_found_error"),
			while: func(_ *path, s *sdk) error {
				if got := s.ask(context.Background(), asking{model: "claude-next"}); !got.whole {
					return fmt.Errorf("under its new name the model answers %+v", got)
				}
				ids, err := s.models(context.Background())
				if err != nil || !slices.Contains(ids, "claude-next") || slices.Contains(ids, s.p.Provider.Spec().Models[0].ID) {
					return fmt.Errorf("the list has %q (%v)", ids, err)
				}
				return nil
			},
		},
		{
			kind: "api_change", name: "version", preset: "anthropic", params: map[string]any{"mode": "version"}, named: true,
			bites: says(400, `anthropic-version: \"2023-06-01\" is not a valid version`),
		},
		{
			kind: "api_change", name: "version in the path", preset: "openai", params: map[string]any{"mode": "version"}, named: true,
			bites: says(400, "API version v1 is no longer supported"),
		},
		{
			kind: "api_change", name: "required header", preset: "openai", params: map[string]any{"mode": "required_header"}, named: true,
			bites: says(400, "Please try again by setting the header 'OpenAI-Beta: chat=v2'."),
		},
		{
			kind: "api_change", name: "required header, untold", preset: "anthropic", params: map[string]any{"mode": "required_header", "untold": true}, named: true,
			bites: says(400, `"anthropic-beta: header is required"`),
		},
		{
			kind: "api_change", name: "renamed parameter", preset: "openai", params: map[string]any{"mode": "renamed_param"}, ask: asking{maxTokens: 100}, named: true,
			bites: func(p *path, s seen) bool {
				return is(400, "unsupported_parameter")(p, s) &&
					s.message == "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
			},
			while: func(_ *path, s *sdk) error {
				if got := s.ask(context.Background(), asking{}); !got.whole {
					return fmt.Errorf("a call without the parameter: %+v", got)
				}
				return nil
			},
		},
		{
			kind: "api_change", name: "removed parameter", preset: "openai", ask: asking{cold: true}, named: true,
			bites: func(p *path, s seen) bool {
				return is(400, "unsupported_parameter")(p, s) && s.message == "Unsupported parameter: 'temperature' is not supported with this model."
			},
		},
		{kind: "api_change", name: "renamed field", preset: "openai", params: map[string]any{"mode": "renamed_field"}, named: true, bites: empty},
		{kind: "api_change", name: "renamed field of a stream", preset: "openai", params: map[string]any{"mode": "renamed_field"}, ask: asking{stream: true}, named: true, bites: empty},
		{kind: "api_change", name: "renamed field at Anthropic", preset: "anthropic", params: map[string]any{"mode": "renamed_field"}, named: true, bites: empty},
		{kind: "api_change", name: "renamed field of a stream at Anthropic", preset: "anthropic", params: map[string]any{"mode": "renamed_field"}, ask: asking{stream: true}, named: true, bites: empty},
		{kind: "auth_revoked", preset: "openai", named: true, listed: true, bites: is(401, "invalid_api_key")},
		{kind: "auth_revoked", name: "anthropic", preset: "anthropic", named: true, listed: true, bites: is(401, "authentication_error")},
		{kind: "region_blocked", preset: "openai", named: true, listed: true, bites: is(403, "unsupported_country_region_territory")},
		{kind: "region_blocked", name: "anthropic", preset: "anthropic", named: true, listed: true, bites: func(_ *path, s seen) bool {
			return s.status == 403 && strings.Contains(s.message, "Request not allowed")
		}},
		{kind: "price_change", preset: "openai", params: map[string]any{"factor": 5.0}, named: true, bites: func(p *path, s seen) bool {
			o, m := p.last(), p.Provider.Spec().Models[0]
			usual := (float64(o.Prompt)*m.PriceIn + float64(o.Completion)*m.PriceOut) / 1e6
			return s.whole && usual > 0 && o.CostUSD > 4.99*usual && o.CostUSD < 5.01*usual
		}},
	}
}

func capacityBites() []bite {
	first := func(d time.Duration) func(*plan.Provider) {
		return func(p *plan.Provider) { p.Service.FirstToken = d }
	}
	cold := func(d time.Duration) func(*plan.Provider) {
		return func(p *plan.Provider) { p.Service.ColdStart = d }
	}
	return []bite{
		{kind: "peak_hour", preset: "openai", edit: first(short), params: map[string]any{"capacity": 1}, calls: 6, named: true, bites: lasts(4 * short)},
		{
			kind: "peak_hour", name: "batch", preset: "vllm", params: map[string]any{"capacity": 1}, calls: 12, ask: asking{words: 100}, named: true,
			edit: func(p *plan.Provider) { p.Service.Replicas, p.Service.StepBase = 1, 500*time.Microsecond }, bites: lasts(500 * time.Millisecond),
		},
		{kind: "cold_start", preset: "ollama", edit: cold(2 * short), named: true, bites: lasts(3 * short / 2)},
		{kind: "cold_start", name: "refused meanwhile", preset: "llamacpp", edit: cold(2 * short), named: true, bites: func(_ *path, s seen) bool { return s.status == 503 }, healed: warmAgain},
		{kind: "replica_loss", preset: "vllm", params: map[string]any{"replicas": 2}, named: true, bites: func(_ *path, s seen) bool { return s.status == 500 }},
		{
			kind: "gpu_oom", preset: "vllm", params: map[string]any{"cache": 0.99}, patience: short, named: true, bites: hangs,
			edit: func(p *plan.Provider) { p.Models, p.Service.KVBlocks = p.Models[:1], 64; p.Models[0].Context = 1024 },
		},
		{kind: "throttle", preset: "ollama", edit: first(time.Millisecond), params: map[string]any{"factor": 900.0}, patience: short, named: true, bites: hangs},
		{kind: "throttle", name: "gpu", preset: "vllm", edit: func(p *plan.Provider) { p.Service.StepBase = time.Millisecond }, params: map[string]any{"factor": 900.0}, patience: short, named: true, bites: hangs},
	}
}

func warmAgain(p *path) bool { return !p.Provider.Cold(p.Provider.Spec().Models[0].ID) }

func linkBites() []bite {
	return []bite{
		{kind: "outage", preset: "openai", tries: 3, bites: refused},
		{kind: "outage", name: "reset in a stream", preset: "anthropic", params: map[string]any{"mode": "reset"}, ask: asking{stream: true}, bites: func(_ *path, s seen) bool { return errors.Is(s.err, syscall.ECONNRESET) }},
		{kind: "outage", name: "errors", preset: "anthropic", params: map[string]any{"mode": "errors"}, named: true, listed: true, bites: is(500, "api_error")},
		{kind: "partition", preset: "openai", patience: short, bites: hangs},
		{kind: "partition", name: "refused", preset: "anthropic", params: map[string]any{"mode": "refused"}, tries: 3, bites: refused},
		{kind: "degraded_link", name: "bandwidth", preset: "openai", params: map[string]any{"bandwidth": 1}, ask: asking{words: 150}, bites: lasts(400 * time.Millisecond)},
		{kind: "degraded_link", name: "slices of a stream", preset: "anthropic", params: map[string]any{"slice_size": 40, "slice_jitter": 30, "slice_delay": "2ms"}, ask: asking{stream: true, words: 40}, bites: lasts(100 * time.Millisecond)},
		{kind: "degraded_link", name: "data limit", preset: "openai", params: map[string]any{"data_limit": 1500}, ask: asking{words: 200}, bites: cutShort},
		{kind: "degraded_link", name: "slow close", preset: "openai", params: map[string]any{"slow_close": "300ms"}, bites: slowlyClosed},
		{kind: "offline", preset: "ollama", tries: 3, bites: refused},
		{kind: "offline", name: "and switched off", preset: "ollama", params: map[string]any{"reboot": true}, tries: 3, bites: refused, healed: func(p *path) bool { return p.Provider.Cold(p.Provider.Spec().Models[0].ID) }},
	}
}

// slowlyClosed asks for something at whose end the provider closes the
// connection, and waits for that, as programs do that read to the end.
func slowlyClosed(p *path, s seen) bool {
	c, err := net.Dial("tcp", p.Link.Addr)
	if err != nil {
		return false
	}
	defer c.Close()
	start := time.Now()
	if _, err := io.WriteString(c, "GET /v1/models HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n"); err != nil {
		return false
	}
	_, err = io.ReadAll(c)
	return err == nil && s.whole && time.Since(start) >= 300*time.Millisecond
}

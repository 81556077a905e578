package service

import (
	"errors"
	"math"
	"time"

	"brownout/chance"
	"brownout/plan"
)

// Purposes of the draws of a call.
const (
	purposeTail       = "tail"
	purposeFirstToken = "first_token"
	purposePerToken   = "per_token"
)

// pace draws the times of an answer. Times to first token and speeds of real
// services are skewed to the right with long tails, which a lognormal has with
// two parameters that can be read off any latency dashboard: the median, and
// sigma = ln(p95/p50) / 1.645.
type pace struct {
	firstToken, perPrompt, perToken time.Duration
	firstTokenSigma, perTokenSigma  float64
}

func newPace(s plan.Service) (pace, error) {
	for _, d := range []time.Duration{s.FirstToken, s.PerPromptToken, s.PerToken} {
		if d < 0 {
			return pace{}, errors.New("service times must not be negative")
		}
	}
	for _, f := range []float64{s.FirstTokenSigma, s.PerTokenSigma} {
		if !(f >= 0) || math.IsInf(f, 1) { // also refuses NaN
			return pace{}, errors.New("service sigmas must be finite and not negative")
		}
	}
	return pace{
		firstToken: s.FirstToken, perPrompt: s.PerPromptToken, perToken: s.PerToken,
		firstTokenSigma: s.FirstTokenSigma, perTokenSigma: s.PerTokenSigma,
	}, nil
}

// Timing implements Model. The speed per token is drawn once for each call,
// because what slows a generation down (batch size, load of its replica)
// outlives a token.
func (p *pace) Timing(k chance.Key, promptTokens int) Timing {
	k.Purpose = purposeFirstToken
	first := lognormal(k, p.firstToken, p.firstTokenSigma)
	k.Purpose = purposePerToken
	return Timing{
		FirstToken: first + time.Duration(promptTokens)*p.perPrompt,
		PerToken:   lognormal(k, p.perToken, p.perTokenSigma),
	}
}

func lognormal(k chance.Key, median time.Duration, sigma float64) time.Duration {
	if median == 0 || sigma == 0 {
		return median
	}
	// A sigma of someone's typing error must not overflow into a negative time.
	return time.Duration(min(k.Lognormal(float64(median), sigma), float64(24*time.Hour)))
}

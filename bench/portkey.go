package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"brownout/harness/router"
	"brownout/harness/target"
	"brownout/plan"
	"brownout/scenarios"
)

// portkeyStage is the name of Portkey's row.
const portkeyStage = "Portkey to the mock"

// portkeyTime bounds how long Portkey may take to be installed and to start.
const portkeyTime = 2 * time.Minute

// lacking is a stage that could not be brought up.
type lacking struct{ name, why string }

// portkey adds Portkey's gateway, as the target portkey of a run, in front of
// the backends; or says why there is none.
func (b *bed) portkey(ctx context.Context, backends []router.Backend, cache string) {
	up, header, err := startPortkey(ctx, backends, cache)
	if err != nil {
		why, _, _ := strings.Cut(err.Error(), "\n")
		b.lacking = append(b.lacking, lacking{portkeyStage, strings.ReplaceAll(why, "|", "/")})
		return
	}
	b.closers = append(b.closers, func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second+up.Grace)
		defer cancel()
		return up.Stop(ctx)
	})
	b.stages = append(b.stages, stage{name: portkeyStage, url: strings.TrimSuffix(up.URL, "/"), model: b.model, header: header})
}

func startPortkey(ctx context.Context, backends []router.Backend, cache string) (*target.Target, http.Header, error) {
	spec, err := scenarios.OpenTarget("portkey")
	if err != nil {
		return nil, nil, err
	}
	starting, cancel := context.WithTimeout(ctx, portkeyTime)
	defer cancel()
	up, err := target.Start(starting, spec, target.Options{Backends: backends, Asked: backends[0].Model, Longest: deadline, Cache: cache})
	if err != nil {
		return nil, nil, err
	}
	extra, err := up.Extra(plan.Mix{Kind: plan.KindChat, Deadline: deadline})
	if err != nil {
		return nil, nil, fmt.Errorf("%w; %w", err, up.Stop(context.WithoutCancel(ctx)))
	}
	header := http.Header{}
	for name, value := range extra.Headers {
		header.Set(name, value)
	}
	return up, header, nil
}

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options say what is measured and for how long.
type options struct {
	rounds   int           // of every stage, interleaved
	span     time.Duration // of one stage in one round
	workers  int           // clients that wait for an answer before they ask again
	ramp     time.Duration // of the search for the highest steady rate
	million  bool          // a run of a million requests, too
	mockPort int           // 0: any
	gateway  gateway

	carried float64 // once it is known, the full chain's highest steady rate
}

// gateway is one that somebody runs already, in front of the mock.
type gateway struct {
	url     string
	headers headerFlag
}

func main() {
	if task := os.Getenv(childTask); task != "" {
		exit(child(task, os.Args[1:]))
		return
	}
	var o options
	flag.IntVar(&o.rounds, "rounds", 3, "rounds of every stage, interleaved")
	flag.DurationVar(&o.span, "span", 700*time.Millisecond, "length of one stage in one round")
	flag.IntVar(&o.workers, "workers", 32, "clients of the closed loop")
	flag.DurationVar(&o.ramp, "ramp", 15*time.Second, "length of the search for the highest steady rate")
	flag.BoolVar(&o.million, "million", false, "also run a million requests, which takes seven minutes")
	flag.IntVar(&o.mockPort, "mock-port", 0, "port of the mock, for a gateway that you run in front of it (default: any)")
	flag.StringVar(&o.gateway.url, "gateway", "", "URL of a gateway that you run in front of the mock, for a row of its own")
	flag.Var(&o.gateway.headers, "gateway-header", "header that its requests carry, such as \"Name: value\" (repeatable)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	exit(measure(ctx, o))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// measure runs every measurement, one after the other, and prints each as soon
// as it is there.
func measure(ctx context.Context, o options) error {
	begun := time.Now()
	fmt.Printf("# Brownout on this machine\n\n%s\n", facts())
	var errs []error
	for _, step := range []struct {
		name string
		do   func(context.Context, *options) (string, error)
	}{
		{"the parts of the chain, unary", func(ctx context.Context, o *options) (string, error) { return chain(ctx, o, false) }},
		{"the parts of the chain, streaming", func(ctx context.Context, o *options) (string, error) { return chain(ctx, o, true) }},
		{"the highest steady rate", steady},
		{"runs of many requests", runs},
		{"the report of a million requests", report},
		{"the screen", screen},
	} {
		fmt.Fprintf(os.Stderr, "measuring %s\n", step.name)
		text, err := step.do(ctx, &o)
		fmt.Print(text)
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", step.name, err))
		}
	}
	fmt.Printf("\nMeasured in %s, everything in the same minutes: read ratios, not rates.\n", time.Since(begun).Round(time.Second))
	return errors.Join(errs...)
}

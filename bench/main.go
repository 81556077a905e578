package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// options say what is measured and for how long.
type options struct {
	rounds   int           // of everything that is interleaved
	span     time.Duration // of one stage in one round
	workers  int           // clients that wait for an answer before they ask again
	tries    int           // of one rate, in the search for the highest steady one
	tryTime  time.Duration // of one of them
	full     bool          // a run of a million requests and its report, too
	portkey  bool          // a row for Portkey's gateway, too
	cache    string        // directory below which gateways are installed; "": that of brownout run
	program  string        // brownout itself
	mockPort int           // 0: any
	gateway  gateway

	// What is known so far.
	carried float64 // the full chain's highest steady rate, in requests per second; 0: none
	figures figures
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
	flag.IntVar(&o.rounds, "rounds", 3, "rounds of everything that is interleaved")
	flag.DurationVar(&o.span, "span", 500*time.Millisecond, "length of one stage in one round")
	flag.IntVar(&o.workers, "workers", 32, "clients of the closed loop")
	flag.IntVar(&o.tries, "tries", 3, "tries of one rate, in the search for the highest steady one")
	flag.DurationVar(&o.tryTime, "try", 3*time.Second, "length of one of them")
	flag.BoolVar(&o.full, "full", false, "also run a million requests, which takes some minutes")
	flag.BoolVar(&o.portkey, "portkey", true, "a row for Portkey's gateway, which is installed where it is missing")
	flag.StringVar(&o.program, "brownout", "bin/brownout", "the program whose start is measured")
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

// quiet is how much other programs may use, in cores, without a word of it.
const quiet = .1

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
		{"the start", start},
	} {
		fmt.Fprintf(os.Stderr, "measuring %s\n", step.name)
		c := startClock()
		text, err := step.do(ctx, &o)
		fmt.Print(text)
		if cores, ok := c.others(); ok && text != "" && cores > quiet {
			fmt.Printf("\nOther programs used %.1f of %d cores meanwhile.\n", cores, runtime.NumCPU())
		}
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", step.name, err))
		}
	}
	fmt.Print(o.figures.table())
	fmt.Printf("\nMeasured in %s, everything in the same minutes: read ratios, not rates.\n", time.Since(begun).Round(time.Second))
	return errors.Join(errs...)
}

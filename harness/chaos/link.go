package chaos

import (
	"context"
	"fmt"
	"sync"
	"time"

	toxiclient "github.com/Shopify/toxiproxy/v2/client"
)

// Link is the TCP path to one provider: a toxiproxy proxy, driven over
// toxiproxy's HTTP API. Its methods may be called from several goroutines.
type Link struct {
	Name string
	Addr string // host:port that clients of the provider dial

	foreign string     // URL of the user's toxiproxy server, which knows none of our toxics; "": ours
	mu      sync.Mutex // the client's Proxy is not safe for concurrent use
	proxy   *toxiclient.Proxy
}

// Disable closes the listener and every connection: dialling is refused.
func (l *Link) Disable() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.proxy.Disable(); err != nil {
		return fmt.Errorf("link %s: disable: %w", l.Name, err)
	}
	return nil
}

// Enable opens the listener again. While it was off somebody else may have
// taken the port, so it is tried until ctx ends or two seconds have passed.
func (l *Link) Enable(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	for {
		l.mu.Lock()
		err := l.proxy.Enable()
		l.mu.Unlock()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("link %s: port %s could not be taken again: %w", l.Name, l.Addr, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// AddToxic puts a toxic on one direction of the path: "upstream" towards the
// provider, "downstream" towards its clients.
func (l *Link) AddToxic(name, kind, direction string, attrs toxiclient.Attributes) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.proxy.AddToxic(name, kind, direction, 1, attrs); err != nil {
		return fmt.Errorf("link %s: add toxic %s: %w", l.Name, kind, err)
	}
	return nil
}

// addKeyed puts a toxic on what comes from the provider: one of ours, whose
// chance is keyed, or at a server that does not know it the stock one of the
// same parameters, whose chance is its own. A person is told of that.
func (l *Link) addKeyed(name string, t toxic, note func(string)) error {
	kind := t.kind
	if l.foreign != "" && t.stock != "" {
		kind = t.stock
		note(fmt.Sprintf("link %s: the toxiproxy server at %s does not know %s; its own %s stands in for it, whose chance the seed does not repeat and which may take seconds to clear", l.Name, l.foreign, t.kind, t.stock))
	}
	return l.AddToxic(name, kind, "downstream", t.attrs)
}

// RemoveToxic takes a toxic away.
func (l *Link) RemoveToxic(name string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.proxy.RemoveToxic(name); err != nil {
		return fmt.Errorf("link %s: remove toxic %s: %w", l.Name, name, err)
	}
	return nil
}

// Toxics tells the names of the toxics in effect.
func (l *Link) Toxics() ([]string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ts, err := l.proxy.Toxics()
	if err != nil {
		return nil, fmt.Errorf("link %s: toxics: %w", l.Name, err)
	}
	out := make([]string, len(ts))
	for i, t := range ts {
		out[i] = t.Name
	}
	return out, nil
}

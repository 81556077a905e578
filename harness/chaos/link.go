package chaos

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	toxi "github.com/Shopify/toxiproxy/v2"
	toxiclient "github.com/Shopify/toxiproxy/v2/client"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// Link is the TCP path to one provider: a toxiproxy proxy, driven over
// toxiproxy's HTTP API. Its methods may be called from several goroutines.
type Link struct {
	Name string
	Addr string // host:port that clients of the provider dial

	mu    sync.Mutex // the client's Proxy is not safe for concurrent use
	proxy *toxiclient.Proxy
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

// Links is an embedded toxiproxy server and the links it serves. toxiproxy-cli
// works on its API address while it runs.
type Links struct {
	API string // host:port of toxiproxy's HTTP API

	ports  ports
	server *toxi.ApiServer
	http   *http.Server
	served chan error
	client *toxiclient.Client
}

// StartLinks starts the toxiproxy server. With a portFrom its API listens
// there and the links on the ports that follow, and a port that is taken is an
// error; with 0 a free block of ports is found.
func StartLinks(portFrom int) (*Links, error) {
	registerToxics()
	s := new(Links)
	var l net.Listener
	err := s.ports.claim(portFrom, func(addr string) (err error) {
		l, err = net.Listen("tcp", addr)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("toxiproxy: %w", err)
	}
	s.server = toxi.NewServer(toxi.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	s.API = l.Addr().String()
	s.http = &http.Server{Handler: s.server.Routes(), ReadHeaderTimeout: 5 * time.Second}
	s.client = toxiclient.NewClient("http://" + s.API)
	s.served = make(chan error, 1)
	go func() { s.served <- s.http.Serve(l) }()
	return s, nil
}

// Add makes the link of one provider to its mock at upstream (host:port).
func (s *Links) Add(name, upstream string) (*Link, error) {
	var l *Link
	err := s.ports.take(func(addr string) error {
		p, err := s.client.CreateProxy(name, addr, upstream)
		if err != nil {
			return err
		}
		l = &Link{Name: name, Addr: addr, proxy: p}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("link %s: %w", name, err)
	}
	return l, nil
}

// Close clears every toxic, closes every link and stops the server.
func (s *Links) Close() error {
	err := s.server.Collection.Clear()
	if e := s.http.Close(); e != nil {
		err = errors.Join(err, e)
	}
	if e := <-s.served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

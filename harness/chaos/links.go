package chaos

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	toxi "github.com/Shopify/toxiproxy/v2"
	toxiclient "github.com/Shopify/toxiproxy/v2/client"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// Links is a toxiproxy server and the links it serves: a server of our own,
// inside this process, or one that the user runs. toxiproxy-cli works on its
// API address meanwhile.
type Links struct {
	API string // host:port of toxiproxy's HTTP API

	ports  ports
	client *toxiclient.Client
	server server
}

// server is whose toxiproxy it is.
type server interface {
	// name is what a provider's proxy is called.
	name(provider string) string
	// added takes note of a proxy, and sees that it leads somewhere.
	added(l *Link) error
	// close ends all proxies, and the server where it is ours.
	close() error
}

// LinkOptions is what links are started from. The zero value is a server of
// our own, on free ports.
type LinkOptions struct {
	// PortFrom is the first port, exactly: of the toxiproxy API where the
	// server is ours, and the links are on those that follow; one that is taken
	// is an error. 0: a free block of ports is found.
	PortFrom int
	// Toxiproxy is the URL of a toxiproxy server that the user runs on this
	// machine; "": one of our own is started.
	Toxiproxy string
}

// CheckToxiproxy tells what is wrong with the URL of a toxiproxy server; ""
// names none, and is right.
func CheckToxiproxy(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || strings.Trim(u.Path, "/") != "" {
		return fmt.Errorf("%q is no address of a toxiproxy server; give a URL such as http://127.0.0.1:8474", text)
	}
	return nil
}

// StartLinks starts a toxiproxy server, or finds the user's.
func StartLinks(o LinkOptions) (*Links, error) {
	s := new(Links)
	var err error
	if o.Toxiproxy == "" {
		err = s.startOwn(o.PortFrom)
	} else {
		err = s.useForeign(o)
	}
	if err != nil {
		return nil, fmt.Errorf("toxiproxy: %w", err)
	}
	return s, nil
}

// Add makes the link of one provider to its mock at upstream (host:port).
func (s *Links) Add(name, upstream string) (*Link, error) {
	l := &Link{Name: name}
	if f, ok := s.server.(*foreignServer); ok {
		l.foreign = f.url
	}
	err := s.ports.take(func(addr string) (err error) {
		l.Addr = addr
		l.proxy, err = s.client.CreateProxy(s.server.name(name), addr, upstream)
		return err
	})
	if err == nil {
		err = s.server.added(l)
	}
	if err != nil {
		return nil, fmt.Errorf("link %s: %w", name, err)
	}
	return l, nil
}

// Close clears every toxic, closes every link, and stops the server where it
// is ours.
func (s *Links) Close() error { return s.server.close() }

// ownServer is a toxiproxy server in this process.
type ownServer struct {
	api    *toxi.ApiServer
	http   *http.Server
	served chan error
}

func (s *Links) startOwn(portFrom int) error {
	registerToxics()
	var l net.Listener
	err := s.ports.claim(portFrom, func(addr string) (err error) {
		l, err = net.Listen("tcp", addr)
		return err
	})
	if err != nil {
		return err
	}
	own := &ownServer{
		api:    toxi.NewServer(toxi.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop()),
		served: make(chan error, 1),
	}
	own.http = &http.Server{Handler: own.api.Routes(), ReadHeaderTimeout: 5 * time.Second}
	s.API = l.Addr().String()
	s.client = toxiclient.NewClient("http://" + s.API)
	s.server = own
	go func() { own.served <- own.http.Serve(l) }()
	return nil
}

func (*ownServer) name(provider string) string { return provider }
func (*ownServer) added(*Link) error           { return nil }

func (o *ownServer) close() error {
	err := o.api.Collection.Clear()
	if e := o.http.Close(); e != nil {
		err = errors.Join(err, e)
	}
	if e := <-o.served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// foreignServer is a toxiproxy server that the user runs. Only what was made
// here is taken away from it again.
type foreignServer struct {
	url   string
	block net.Listener // keeps the block of ports from other rigs, as our own server's API does
	made  []*Link
}

// reachTimeout bounds the first word with a user's server.
const reachTimeout = 3 * time.Second

func (s *Links) useForeign(o LinkOptions) error {
	if err := CheckToxiproxy(o.Toxiproxy); err != nil {
		return err
	}
	f := &foreignServer{url: strings.TrimRight(o.Toxiproxy, "/")}
	if err := f.reach(); err != nil {
		return fmt.Errorf("no toxiproxy server answers at %s: %w; start one with toxiproxy-server, or leave --toxiproxy out to have one started", f.url, err)
	}
	err := s.ports.claim(o.PortFrom, func(addr string) (err error) {
		f.block, err = net.Listen("tcp", addr)
		return err
	})
	if err != nil {
		return err
	}
	s.API = f.url[strings.Index(f.url, "//")+2:]
	s.client = toxiclient.NewClient(f.url)
	s.server = f
	return nil
}

// reach asks the server for its version.
func (f *foreignServer) reach() error {
	c := &http.Client{Timeout: reachTimeout}
	defer c.CloseIdleConnections()
	r, err := c.Get(f.url + "/version")
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("asked for its version it says %s", r.Status)
	}
	return nil
}

// name is one that no other rig on the same server has: the port of the block
// is in it.
func (f *foreignServer) name(provider string) string {
	_, port, _ := net.SplitHostPort(f.block.Addr().String())
	return "brownout-" + port + "-" + provider
}

// added sees that the server can reach the mocks, and we the server's links.
func (f *foreignServer) added(l *Link) error {
	f.made = append(f.made, l)
	if err := confirmOpen(context.Background(), l.Addr); err != nil {
		return fmt.Errorf("%w; the toxiproxy server at %s must run on this machine, where it can listen on loopback and reach it", err, f.url)
	}
	return nil
}

func (f *foreignServer) close() error {
	err := f.block.Close()
	for _, l := range f.made {
		l.mu.Lock()
		e := l.proxy.Delete()
		l.mu.Unlock()
		if e != nil {
			err = errors.Join(err, fmt.Errorf("link %s: the proxy %s stays on the toxiproxy server at %s: %w", l.Name, l.proxy.Name, f.url, e))
		}
	}
	return err
}

package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"brownout/harness/rig"
)

// Client talks to a Desk in another process. Its errors are a
// *rig.EnvironmentError where nobody answers or the machine would not, and
// otherwise the desk's own words.
type Client struct{ Addr string } // host:port, with or without http:// before it

// answerTime bounds one request, which may confirm faults on many links.
const answerTime = 30 * time.Second

// Status asks how things are.
func (c Client) Status(ctx context.Context) (Status, error) {
	var s Status
	return s, c.ask(ctx, http.MethodGet, pathStatus, nil, &s)
}

// Inject places an order.
func (c Client) Inject(ctx context.Context, o Order) ([]Fault, error) {
	var made []Fault
	return made, c.ask(ctx, http.MethodPost, pathFaults, o, &made)
}

// Clear ends the faults that name means: a fault's name, a provider's, a
// selector of providers, or All.
func (c Client) Clear(ctx context.Context, name string) ([]string, error) {
	var gone []string
	return gone, c.ask(ctx, http.MethodDelete, pathFaults+"/"+url.PathEscape(name), nil, &gone)
}

func (c Client) ask(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	body := new(bytes.Buffer)
	if in != nil {
		if err := json.NewEncoder(body).Encode(in); err != nil {
			return err
		}
	}
	base := c.Addr
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(base, "/")+path, body)
	if err != nil {
		return fmt.Errorf("admin address %q: %w", c.Addr, err)
	}
	r.Header.Set("Content-Type", "application/json")
	transport := &http.Transport{} // without proxies: it is on this machine, or where the user says
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return &rig.EnvironmentError{Err: fmt.Errorf("no answer from %s: %w; are the mocks up there?", base, err)}
	}
	defer answer.Body.Close()
	decode := json.NewDecoder(answer.Body)
	if answer.StatusCode/100 != 2 {
		var p Problem
		if decode.Decode(&p) != nil || p.Error == "" {
			return &rig.EnvironmentError{Err: fmt.Errorf("%s answered %s to %s %s, which is not this API", base, answer.Status, method, path)}
		}
		err := errors.New(p.Error)
		if answer.StatusCode == http.StatusInternalServerError {
			return &rig.EnvironmentError{Err: err}
		}
		return err
	}
	if err := decode.Decode(out); err != nil {
		return &rig.EnvironmentError{Err: fmt.Errorf("%s does not speak this API: %w", base, err)}
	}
	return nil
}

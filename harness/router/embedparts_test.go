package router_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"brownout/harness/router"
)

// tripper answers calls without a network.
type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(q *http.Request) (*http.Response, error) { return f(q) }

// A client that leaves while the parts of its request are under way gets none
// of them, and its attempt ends as any other.
func TestClientLeavesBetweenParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		r, err := router.New(router.Config{
			Backends: []router.Backend{{Name: "a", Dialect: "bedrock", BaseURL: "http://a", Key: "sk-a", Models: []string{"amazon.titan-embed-text-v2:0"}}},
			Transport: func(router.Backend) http.RoundTripper {
				return tripper(func(q *http.Request) (*http.Response, error) {
					leave()
					<-q.Context().Done() // it was answered all the same
					return &http.Response{
						StatusCode: http.StatusOK, Header: http.Header{},
						Body: io.NopCloser(strings.NewReader(`{"embedding":[0.5],"inputTextTokenCount":1}`)),
					}, nil
				})
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		var inputs []string
		for i := range 20 {
			inputs = append(inputs, fmt.Sprintf("%q", fmt.Sprint("text ", i)))
		}
		body := `{"model":"amazon.titan-embed-text-v2:0","input":[` + strings.Join(inputs, ",") + `]}`
		q, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://router/v1/embeddings", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.ServeHTTP(unread{}, q)
	})
}

// unread is the answer to a client that has left.
type unread struct{}

func (unread) Header() http.Header { return http.Header{} }

func (unread) WriteHeader(int) {}

func (unread) Write(b []byte) (int, error) { return len(b), nil }

//go:build !race

package mocks_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/azure"
	openaioption "github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
)

// Responses are kept, can be asked for again, and be gone on from.
func TestResponsesAreKept(t *testing.T) {
	for _, preset := range []string{"openai", "azure", "xai"} {
		t.Run(preset, func(t *testing.T) {
			ctx := t.Context()
			r, client, model := familyRig(t, preset)
			if preset == "azure" {
				client = openai.NewClient(azure.WithEndpoint(r.URL, "2025-03-01-preview"), azure.WithAPIKey("k"), azure.WithUnsafeAllowHTTP(),
					openaioption.WithHTTPClient(r.client), openaioption.WithMaxRetries(0))
			}
			p := responseParams(model, "Answer in 12 words. [[bo:first]]")
			p.Instructions = openai.String("Be brief.")
			first, err := client.Responses.New(ctx, p)
			if err != nil {
				t.Fatal(err)
			}
			again, err := client.Responses.Get(ctx, first.ID, responses.ResponseGetParams{})
			if err != nil || again.RawJSON() != first.RawJSON() {
				t.Errorf("asked for again: %v\n%s\n%s", err, again.RawJSON(), first.RawJSON())
			}

			next := responseParams(model, "Now in 5 words. [[bo:second]]")
			next.PreviousResponseID = openai.String(first.ID)
			second, text, _ := readResponse(t, client, next)
			verified(t, text, "second", 5)
			alone, _, _ := readResponse(t, client, responseParams(model, "Now in 5 words. [[bo:second]]"))
			if grown := second.Usage.InputTokens - alone.Usage.InputTokens; second.PreviousResponseID != first.ID || grown < first.Usage.OutputTokens || grown > 2*first.Usage.TotalTokens { // an answer has fewer tokens than its words as a prompt
				t.Errorf("goes on from %q with %d tokens more than alone", second.PreviousResponseID, grown)
			}
			if again, err := client.Responses.Get(ctx, second.ID, responses.ResponseGetParams{}); err != nil || again.OutputText() != text || again.Status != "completed" {
				t.Errorf("a streamed one asked for again: %v, %s", err, again.RawJSON())
			}

			var items []string
			pages := client.Responses.InputItems.ListAutoPaging(ctx, second.ID, responses.InputItemListParams{Limit: openai.Int(2), Order: "asc"})
			for pages.Next() {
				items = append(items, itemText(t, pages.Current().RawJSON()))
			}
			want := []string{"message user Answer in 12 words. [[bo:first]]", "message assistant " + first.OutputText(), "message user Now in 5 words. [[bo:second]]"}
			if pages.Err() != nil || strings.Join(items, "|") != strings.Join(want, "|") {
				t.Errorf("%v, %q, want %q", pages.Err(), items, want)
			}
			if page, err := client.Responses.InputItems.List(ctx, second.ID, responses.InputItemListParams{}); err != nil || itemText(t, page.Data[0].RawJSON()) != want[2] {
				t.Errorf("the newest comes first: %v, %+v", err, page)
			}

			if err := client.Responses.Delete(ctx, first.ID); err != nil {
				t.Error(err)
			}
			var e *openai.Error
			if preset != "xai" { // whose errors are strings, which the SDK cannot read
				for name, err := range map[string]error{
					"asked for": func() error {
						_, err := client.Responses.Get(ctx, first.ID, responses.ResponseGetParams{})
						return err
					}(),
					"deleted": client.Responses.Delete(ctx, first.ID),
				} {
					if !errors.As(err, &e) || e.StatusCode != 404 || e.Type != "invalid_request_error" || !strings.Contains(e.Message, first.ID) {
						t.Errorf("a deleted one %s: %v", name, err)
					}
				}
				if _, err := client.Responses.New(ctx, next); !errors.As(err, &e) || e.StatusCode != 400 || e.Code != "previous_response_not_found" || e.Param != "previous_response_id" {
					t.Errorf("gone on from a deleted one: %v", err)
				}
				if _, err := client.Responses.Cancel(ctx, second.ID); !errors.As(err, &e) || e.StatusCode != 400 {
					t.Errorf("cancelled: %v", err)
				}
			} else if _, err := client.Responses.New(ctx, next); err == nil {
				t.Error("gone on from a deleted one")
			}

			p.Store = openai.Bool(false)
			unkept, err := client.Responses.New(ctx, p)
			if err != nil || unkept.JSON.ID.Raw() == "" {
				t.Fatal(err)
			}
			if _, err := client.Responses.Get(ctx, unkept.ID, responses.ResponseGetParams{}); err == nil {
				t.Error("one that was not to be kept is there")
			}
			r.calls.take(t, 5)
		})
	}
}

// itemText is an input item in short.
func itemText(t testing.TB, raw string) string {
	t.Helper()
	var m struct {
		Type, Role string
		Content    []struct{ Text string }
	}
	if err := json.Unmarshal([]byte(raw), &m); err != nil || len(m.Content) != 1 {
		t.Fatal(raw, err)
	}
	return m.Type + " " + m.Role + " " + m.Content[0].Text
}

// The shelf is bounded: the oldest go first.
func TestKeptResponsesAreBounded(t *testing.T) {
	r, client, model := familyRig(t, "openai")
	var ids []string
	for i := range 1010 {
		got, err := client.Responses.New(t.Context(), responseParams(model, fmt.Sprintf("Answer in 1 word. [[bo:r%d]]", i)))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, got.ID)
	}
	for i, id := range ids {
		_, err := client.Responses.Get(t.Context(), id, responses.ResponseGetParams{})
		if (err == nil) != (i >= 10) {
			t.Fatalf("response %d: %v", i, err)
		}
	}
	ids = nil
	long := strings.Repeat("word ", 800_000) // 4 MB
	for i := range 9 {
		got, err := client.Responses.New(t.Context(), responseParams(model, fmt.Sprintf("%s [[bo:l%d]]", long, i)))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, got.ID)
	}
	for i, id := range ids {
		if _, err := client.Responses.Get(t.Context(), id, responses.ResponseGetParams{}); (err == nil) != (i >= 1) {
			t.Errorf("long response %d: %v", i, err)
		}
	}
	r.calls.take(t, 1019)
}

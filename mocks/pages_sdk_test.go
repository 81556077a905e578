//go:build !race

package mocks_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/anthropics/anthropic-sdk-go/v2/packages/param"
	"google.golang.org/genai"

	"brownout/plan"
)

// manyModels gives a provider so many models, m-0, m-1 …
func manyModels(n int) func(*plan.Provider) {
	return func(p *plan.Provider) {
		one := p.Models[0]
		p.Models = nil
		for i := range n {
			m := one
			m.ID, m.Aliases = fmt.Sprintf("m-%d", i), nil
			p.Models = append(p.Models, m)
		}
	}
}

// The SDKs walk a model list that is longer than a page, whatever its length.
func TestAnthropicModelPages(t *testing.T) {
	r := start(t, spec(t, "anthropic", manyModels(45)))
	c := anthropicClient(r, "sk-test")
	for _, limit := range []int64{0, 7, 15, 45, 1000} {
		params := anthropic.ModelListParams{}
		if limit > 0 {
			params.Limit = param.NewOpt(limit)
		}
		var seen []string
		pages := c.Models.ListAutoPaging(t.Context(), params)
		for pages.Next() {
			seen = append(seen, pages.Current().ID)
		}
		if err := pages.Err(); err != nil || len(seen) != 45 || seen[0] != "m-0" || seen[44] != "m-44" || !slices.Contains(seen, "m-20") {
			t.Errorf("pages of %d: %v, %v", limit, seen, err)
		}
	}
	page, err := c.Models.List(t.Context(), anthropic.ModelListParams{})
	if err != nil || len(page.Data) != 20 || !page.HasMore || page.FirstID != "m-0" || page.LastID != "m-19" {
		t.Errorf("%+v, %v", page, err)
	}
	page, err = c.Models.List(t.Context(), anthropic.ModelListParams{BeforeID: param.NewOpt("m-30"), Limit: param.NewOpt(int64(10))})
	if err != nil || len(page.Data) != 10 || !page.HasMore || page.FirstID != "m-20" || page.LastID != "m-29" {
		t.Errorf("%+v, %v", page, err)
	}
	for _, wrong := range []anthropic.ModelListParams{{AfterID: param.NewOpt("gone")}, {Limit: param.NewOpt(int64(1001))}, {Limit: param.NewOpt(int64(0))}} {
		_, err := c.Models.List(t.Context(), wrong)
		var e *anthropic.Error
		if !errors.As(err, &e) || e.StatusCode != 400 || e.Type() != anthropic.ErrorTypeInvalidRequestError {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
}

func TestGoogleModelPages(t *testing.T) {
	eachGoogle(t, manyModels(65), func(t *testing.T, _ *rig, c *genai.Client) {
		for _, size := range []int32{0, 9, 13, 65, 2000} {
			seen := map[string]bool{}
			for m, err := range c.Models.All(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				seen[m.Name] = true
			}
			page, err := c.Models.List(t.Context(), &genai.ListModelsConfig{PageSize: size})
			pages := 0
			for n := 0; err == nil; pages++ {
				n += len(page.Items)
				if page.NextPageToken == "" {
					if n != 65 {
						t.Errorf("pages of %d hold %d models", size, n)
					}
					break
				}
				page, err = page.Next(t.Context())
			}
			want := map[int32]int{0: 1, 9: 7, 13: 4, 65: 0, 2000: 0}[size] // pages before the last
			if (err != nil && !errors.Is(err, genai.ErrPageDone)) || pages != want || len(seen) != 65 {
				t.Errorf("pages of %d: %d before the last, %d models in all, %v", size, pages, len(seen), err)
			}
		}
		var e genai.APIError
		if _, err := c.Models.List(t.Context(), &genai.ListModelsConfig{PageToken: "nonsense"}); !errors.As(err, &e) || e.Code != 400 || e.Status != "INVALID_ARGUMENT" {
			t.Errorf("a wrong token: %v", err)
		}
	})
}

package harness_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"brownout/harness"
	"brownout/harness/score"
	"brownout/harness/target"
	"brownout/plan"
	"brownout/reports"
)

// ownKey is a key that a scenario gives to a provider.
const ownKey = "canary-7c1f-own-key"

// gossip is a gateway of the worst manners: it answers each request with an
// error that quotes what it was shown: its client's key, its own, and the prompt,
// as it came and as a text of its own.
func gossip(_ context.Context, o target.Options) (*target.Target, error) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ Messages []struct{ Content string } }
		_ = json.NewDecoder(r.Body).Decode(&asked)
		said := "refused: " + asked.Messages[0].Content + "; credentials: " + r.Header.Get("Authorization") + ", api_key=" + o.Backends[0].Key
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"message": said, "type": "invalid_request_error"}})
	}))
	return target.New(srv.URL, func(context.Context) error { srv.Close(); return nil }), nil
}

// Neither the journal nor a report tells a key or a prompt.
func TestNoSecretIsWritten(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(context.Context, target.Options) (*target.Target, error){
		"a good target": nil, "one that quotes": gossip,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := tiny(lasting(time.Second), outage("errors", 300*time.Millisecond, 300*time.Millisecond),
				func(p *plan.Plan) { p.Providers[0].Key = ownKey })
			dir := t.TempDir()
			s, err := harness.Start(t.Context(), p, harness.Options{
				OutDir: dir, VegetaResults: filepath.Join(dir, "results.gob"), Target: start,
			})
			if err != nil {
				t.Fatal(err)
			}
			snap, err := s.Wait()
			if err != nil {
				t.Fatal(err)
			}
			if start == nil && snap.Requests.OK == 0 {
				t.Fatalf("the key was not even accepted: %+v", snap.Requests)
			}
			written := reportsOf(t, snap, filepath.Join(s.Dir, harness.JournalName))
			written["journal"] = unpacked(t, filepath.Join(s.Dir, harness.JournalName))
			written["vegeta results"], err = os.ReadFile(filepath.Join(dir, "results.gob"))
			if err != nil {
				t.Fatal(err)
			}
			for what, text := range written {
				if len(text) < 200 {
					t.Errorf("%s holds next to nothing: %q", what, text)
				}
				// Every prompt asks for its length in these words.
				for _, secret := range []string{"sk-brownout", ownKey, "Bearer", "Answer in"} {
					if at := bytes.Index(text, []byte(secret)); at >= 0 {
						t.Errorf("%s tells %q: …%s", what, secret, text[max(0, at-80):min(len(text), at+40)])
					}
				}
			}
			for _, sign := range []string{"[redacted]", "[prompt]"} {
				if start != nil && !strings.Contains(string(written["journal"]), sign) {
					t.Errorf("%s is not in the journal: the gossip did not reach it, so nothing was tried", sign)
				}
			}
		})
	}
}

// reportsOf is every report of a run.
func reportsOf(t *testing.T, snap *score.Snapshot, journal string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	var screen bytes.Buffer
	reports.Summary(&screen, snap, reports.Style{})
	out["summary"] = screen.Bytes()
	dir := t.TempDir()
	var asked []string
	formats := strings.Split(reports.FormatList(), ", ")
	for _, format := range formats {
		asked = append(asked, format+"="+filepath.Join(dir, format))
	}
	outputs, err := reports.ParseOutputs(asked)
	if err != nil {
		t.Fatal(err)
	}
	if err := reports.WriteAll(outputs, []*score.Snapshot{snap}, []string{journal}); err != nil {
		t.Fatal(err)
	}
	for _, format := range formats {
		out[format], err = os.ReadFile(filepath.Join(dir, format))
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// unpacked is the text of a journal.
func unpacked(t *testing.T, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := zstd.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	text, err := io.ReadAll(d)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

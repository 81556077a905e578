//go:build !race

package wire_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"brownout/mocks/wire"
)

// signatureOf works out the signature that a request should have, by hand, from
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html:
// no code of AWS's is in it.
func signatureOf(r *http.Request, body []byte, secret string) string {
	scope := between(r.Header.Get("Authorization"), "Credential=", ",")
	scope = scope[strings.Index(scope, "/")+1:]
	signed := between(r.Header.Get("Authorization"), "SignedHeaders=", ",")
	canonical := r.Method + "\n" + strings.ReplaceAll(r.URL.EscapedPath(), "%", "%25") + "\n\n"
	for name := range strings.SplitSeq(signed, ";") {
		value := r.Header.Get(name)
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = strconv.FormatInt(r.ContentLength, 10)
		}
		canonical += name + ":" + strings.Join(strings.Fields(value), " ") + "\n"
	}
	canonical += "\n" + signed + "\n" + digest(body)
	toSign := "AWS4-HMAC-SHA256\n" + r.Header.Get("X-Amz-Date") + "\n" + scope + "\n" + digest([]byte(canonical))
	key := []byte("AWS4" + secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	return hex.EncodeToString(mac(key, toSign))
}

func digest(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

func mac(key []byte, s string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(s))
	return m.Sum(nil)
}

func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}

// The SDK and the client of each dialect sign alike, escaped ids included.
func TestSigV4Signature(t *testing.T) {
	p := &awsProvider{provider: provider{d: dialect(t, "bedrock")}}
	base := serveAWS(t, p)
	check := func(who string) {
		t.Helper()
		given := p.raw.Header.Get("Authorization")
		if got, want := between(given, "Signature=", " "), signatureOf(p.raw, p.body, "secret/+="); got != want {
			t.Errorf("%s: signature %s, want %s in %s", who, got, want, given)
		}
		if p.raw.Header.Get("X-Amz-Security-Token") != "session==" || !strings.Contains(given, "/us-east-1/") {
			t.Errorf("%s: %v", who, p.raw.Header)
		}
	}
	arn := "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12cd34ef56"
	for _, model := range []string{haiku, arn} {
		if _, err := bedrockClient(base, goodKey).Converse(t.Context(), converseAsks(model)); err != nil {
			t.Fatal(err)
		}
		check("the SDK")
		ours := func(name string) {
			p.d = dialect(t, name)
			r, err := p.d.NewRequest(t.Context(), base, goodKey+":secret/+=:session==", &wire.Request{Model: model, Messages: []wire.Message{{Role: "user", Text: "hi"}}})
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK || p.seen.Model != model {
				t.Errorf("%s: status %d, understood %+v", name, resp.StatusCode, p.seen)
			}
			check(name)
		}
		ours("sagemaker")
		ours("bedrock")
	}
}

func TestSigV4ClientKeys(t *testing.T) {
	req := &wire.Request{Model: "m", Messages: []wire.Message{{Role: "user", Text: "hi"}}}
	for _, c := range []struct{ dialect, base, key, want string }{
		{"bedrock", "http://h", "", ""},
		{"bedrock", "http://h", "plain", "Bearer plain"},
		{"bedrock", "http://h", "AKID:s", "Credential=AKID/*/us-east-1/bedrock/aws4_request"},
		{"bedrock", "https://bedrock-runtime.eu-west-3.amazonaws.com", "AKID:s", "Credential=AKID/*/eu-west-3/bedrock/aws4_request"},
		{"sagemaker", "https://runtime.sagemaker.cn-north-1.amazonaws.com.cn", "AKID:s:t", "Credential=AKID/*/cn-north-1/sagemaker/aws4_request"},
		{"sagemaker", "http://h", "plain", "Credential=plain/*/us-east-1/sagemaker/aws4_request"},
	} {
		r, err := dialect(t, c.dialect).NewRequest(t.Context(), c.base, c.key, req)
		if err != nil {
			t.Fatal(err)
		}
		head, tail, _ := strings.Cut(c.want, "*")
		if got := r.Header.Get("Authorization"); (got == "") != (c.want == "") || !strings.Contains(got, head) || !strings.Contains(got, tail) {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestSigV4Authorized(t *testing.T) {
	const fine = "AWS4-HMAC-SHA256 Credential=AKID/20261123/us-east-1/bedrock/aws4_request, SignedHeaders=host;x-amz-date, Signature=abc"
	for _, c := range []struct {
		authorization string
		date          bool
		typ           string // of the error; "": accepted
		status        int
	}{
		{fine, true, "", 0},
		{strings.ReplaceAll(fine, ", ", ","), true, "", 0},
		{"Bearer AKID", false, "", 0},
		{"Bearer other", false, "AccessDeniedException", 403},
		{strings.Replace(fine, "AKID", "OTHER", 1), true, "UnrecognizedClientException", 403},
		{strings.Replace(fine, "AKID", "", 1), true, "UnrecognizedClientException", 403},
		{strings.Replace(fine, "/bedrock/", "/sagemaker/", 1), true, "InvalidSignatureException", 403},
		{strings.Replace(fine, "/aws4_request", "", 1), true, "InvalidSignatureException", 403},
		{fine, false, "IncompleteSignatureException", 400},
		{strings.Replace(fine, "Signature=abc", "", 1), true, "IncompleteSignatureException", 400},
		{"AWS4-HMAC-SHA256", true, "IncompleteSignatureException", 400},
		{"Basic QQ==", true, "IncompleteSignatureException", 400},
		{"", true, "MissingAuthenticationTokenException", 403},
	} {
		d := dialect(t, "bedrock")
		r := httptest.NewRequest(http.MethodPost, "/model/m/converse", nil)
		r.Header.Set("Authorization", c.authorization)
		if c.date {
			r.Header.Set("X-Amz-Date", "20261123T142933Z")
		}
		f := d.Authorized(r, func(key string) bool { return key == "AKID" })
		if f == nil {
			if c.typ != "" {
				t.Errorf("%q is accepted", c.authorization)
			}
			continue
		}
		w := written(d, f)
		if got, _, _ := strings.Cut(w.header.Get("X-Amzn-Errortype"), ":"); f.Kind != wire.FailAuth || got != c.typ || w.status != c.status {
			t.Errorf("%q: %s with status %d, %s", c.authorization, got, w.status, w.body)
		}
		// What comes from before the service calls its message Message.
		if (c.typ == "AccessDeniedException") != strings.HasPrefix(w.body, `{"Message":`) {
			t.Errorf("%q: %s", c.authorization, w.body)
		}
		if again := d.DecodeFailure(w.status, w.header, []byte(w.body)); again.Kind != wire.FailAuth {
			t.Errorf("%q: read as %s", c.authorization, again.Kind)
		}
	}
}

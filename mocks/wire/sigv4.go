package wire

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// AWS requests are signed with Signature Version 4. The mock reads whose key
// signed and takes the signature on trust: a gateway under test holds made-up
// secrets, which nobody could check against.

// sigV4 is what begins a signed request's Authorization.
const sigV4 = "AWS4-HMAC-SHA256"

// Types of errors that come from before the service itself. None of them is in
// the SDKs' models, so they come out as generic errors there.
const (
	awsUnknownKey    = "UnrecognizedClientException"
	awsBadSignature  = "InvalidSignatureException"
	awsIncomplete    = "IncompleteSignatureException"
	awsNoCredentials = "MissingAuthenticationTokenException"
	awsExpired       = "ExpiredTokenException"
)

// badBearerKey is seen in public reports; its error type is unverified.
const badBearerKey = "Authentication failed: Please make sure your API Key is valid."

// authorized checks the access key id of a signed request or, where the service
// has them, the bearer key.
func (a *awsAPI) authorized(r *http.Request, ok func(string) bool) *Failure {
	given := r.Header.Get("Authorization")
	if key, isBearer := bearer(given); isBearer && a.bearer {
		if ok(key) {
			return nil
		}
		return &Failure{Kind: FailAuth, Type: awsAccessDenied, Message: badBearerKey}
	}
	fields, signed := strings.CutPrefix(given, sigV4)
	switch {
	case given == "": // words of AWS's gateways in general; unverified here
		return &Failure{Kind: FailAuth, Type: awsNoCredentials, Message: "Missing Authentication Token"}
	case !signed:
		return incomplete("Authorization header requires 'Credential' parameter.")
	}
	part := map[string]string{}
	for f := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(f), "=")
		part[name] = value
	}
	for _, name := range []string{"Credential", "Signature", "SignedHeaders"} {
		if part[name] == "" {
			return incomplete("Authorization header requires '" + name + "' parameter.")
		}
	}
	if r.Header.Get("X-Amz-Date") == "" && r.Header.Get("Date") == "" {
		return incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	scope := strings.Split(part["Credential"], "/")
	n := len(scope)
	switch {
	case n < 5 || scope[n-1] != "aws4_request":
		return &Failure{Kind: FailAuth, Type: awsBadSignature, Message: "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term"}
	case scope[n-2] != a.service:
		return &Failure{Kind: FailAuth, Type: awsBadSignature, Message: "Credential should be scoped to correct service: '" + a.service + "'. "}
	case !ok(strings.Join(scope[:n-4], "/")):
		return &Failure{Kind: FailAuth}
	}
	return nil
}

// incomplete is the failure of a header that lacks something. Words of AWS
// signing in general, unverified for these services.
func incomplete(message string) *Failure {
	return &Failure{Kind: FailAuth, Type: awsIncomplete, Message: message}
}

// sign authorises a request of a client. The key is ACCESSKEYID:SECRET or
// ACCESSKEYID:SECRET:SESSION; a key without a colon is a bearer key where the
// service takes those, else it signs as its own secret.
func (a *awsAPI) sign(ctx context.Context, r *http.Request, body []byte, key string) error {
	id, secret, isPair := strings.Cut(key, ":")
	switch {
	case key == "":
		return nil
	case !isPair && a.bearer:
		r.Header.Set("Authorization", "Bearer "+key)
		return nil
	case !isPair:
		secret = key
	}
	secret, session, _ := strings.Cut(secret, ":")
	sum := sha256.Sum256(body)
	return v4.NewSigner().SignHTTP(ctx, aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: session},
		r, hex.EncodeToString(sum[:]), a.service, regionOf(r.URL.Hostname()), time.Now())
}

// Signer is a Client whose calls are signed over their bodies.
type Signer interface {
	// Sign signs r, whose body it is, with a key as NewRequest takes it, in the
	// place of a signature that it has.
	Sign(r *http.Request, body []byte, key string) error
}

// Sign signs a call again.
func (d bedrock) Sign(r *http.Request, body []byte, key string) error {
	return d.api.sign(r.Context(), r, body, key)
}

// Sign signs a call again.
func (d sageMaker) Sign(r *http.Request, body []byte, key string) error {
	return d.api.sign(r.Context(), r, body, key)
}

// regionOf is the region that a host name of AWS is in
// (bedrock-runtime.eu-west-1.amazonaws.com), and us-east-1 for any other host.
func regionOf(host string) string {
	if rest, ok := strings.CutSuffix(strings.TrimSuffix(host, ".cn"), ".amazonaws.com"); ok {
		if i := strings.LastIndexByte(rest, '.'); i >= 0 {
			return rest[i+1:]
		}
	}
	return "us-east-1"
}

package wire

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// awsAPI is what differs between AWS services in credentials and errors.
type awsAPI struct {
	service string // in the scope of a credential
	bearer  bool   // takes bearer keys as well
	suffix  string // stands behind the type in x-amzn-errortype
	member  string // of an error's body that holds the message

	failures map[FailureKind]usual
	types    map[string]awsError
	statuses map[int]string // type of a failure that only its status is given of
	// kind settles what an error means where its type alone does not.
	kind func(f *Failure, body *awsBody) FailureKind
	// retryAfter: a wait is stated in x-amz-retry-after, which the SDKs obey.
	// Whether any service really sends it is unverified.
	retryAfter bool
}

// awsError is one type of error.
type awsError struct {
	kind   FailureKind
	status int
	text   string // usual message
	// tail appends further members of the body; nil: there are none.
	tail func(dst []byte, f *Failure) []byte
}

// awsAccessDenied is a type that both services and their gateways use.
const awsAccessDenied = "AccessDeniedException"

// awsGatewayErrors are what any AWS service may answer before it looks at a
// request. Words without a source in the table's users are unverified.
var awsGatewayErrors = map[string]awsError{
	awsUnknownKey:               {kind: FailAuth, status: 403, text: "The security token included in the request is invalid."},
	awsBadSignature:             {kind: FailAuth, status: 403, text: "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."}, // status and type unverified
	awsIncomplete:               {kind: FailAuth, status: 400, text: "Request signature is incomplete"},
	awsNoCredentials:            {kind: FailAuth, status: 403, text: "Missing Authentication Token"},
	awsExpired:                  {kind: FailAuth, status: 403, text: "The security token included in the request is expired"},
	awsAccessDenied:             {kind: FailPermission, status: 403, text: "User is not authorized to perform this action"},
	"UnknownOperationException": {kind: FailNotFound, status: 404, text: "The requested operation is not recognized by the service."},
	"SerializationException":    {kind: FailBadRequest, status: 400, text: "Malformed request"},
	"TooManyRequestsException":  {kind: FailRateLimit, status: 429, text: "Too many requests, please wait before trying again."},
}

// lookup finds a type among the service's own and those of the gateways.
func (a *awsAPI) lookup(typ string) (awsError, bool) {
	e, ok := a.types[typ]
	if !ok {
		e, ok = awsGatewayErrors[typ]
	}
	return e, ok
}

// fill fills a failure's gaps: from its type if it names one, else by its
// status if that is not the kind's usual one, else by its kind.
func (a *awsAPI) fill(f *Failure) Failure {
	full := *f
	if full.Type == "" && full.Status != 0 && full.Status != a.failures[f.Kind].status {
		if full.Type = a.statuses[full.Status]; full.Type == "" {
			full.Type = a.failures[f.Kind].typ
		}
	}
	if e, ok := a.lookup(full.Type); ok {
		if full.Status == 0 {
			full.Status = e.status
		}
		setIfEmpty(&full.Message, e.text)
	}
	return fill(&full, a.failures, nil)
}

// appendError appends an error's body. A message of the service may be null,
// as SageMaker's throttling is.
func (a *awsAPI) appendError(dst []byte, f *Failure) []byte {
	member := a.member
	if f.Message == badBearerKey || strings.HasPrefix(f.Message, iamRefusal) {
		member = "Message"
	}
	dst = append(append(append(dst, `{"`...), member...), `":`...)
	dst = appendNullable(dst, f.Message)
	if e, _ := a.lookup(f.Type); e.tail != nil {
		dst = e.tail(dst, f)
	}
	return append(dst, '}')
}

// iamRefusal begins what IAM says of a call that no policy allows. It and the
// refusal of a bearer key come from before the service and call their message
// Message, as seen in public reports.
const iamRefusal = "User: "

// writeFailure writes an error answer: what it is stands in a header.
func (a *awsAPI) writeFailure(w http.ResponseWriter, f *Failure) {
	full := a.fill(f)
	h := w.Header()
	if full.Type != "" {
		h.Set("X-Amzn-Errortype", full.Type+a.suffix)
	}
	if a.retryAfter && f.RetryAfter > 0 {
		h.Set("X-Amz-Retry-After", strconv.FormatInt(f.RetryAfter.Milliseconds(), 10))
	}
	// A client that has gone is no failure of the answer: nothing to report.
	_ = writeJSON(w, full.Status, a.appendError(nil, &full))
}

// appendException appends the frame of an error inside a stream.
func (a *awsAPI) appendException(dst []byte, f *Failure, name func(string) string) []byte {
	full := a.fill(f)
	headers := frameHeaders("exception", name(full.Type), "application/json")
	return appendFrame(dst, headers, string(a.appendError(nil, &full)))
}

// awsBody is an error's body, in any of its forms.
type awsBody struct {
	Message  string `json:"message"` // or Message
	Type     string `json:"__type"`
	Code     word   `json:"code"`
	Original word   `json:"originalStatusCode"` // or OriginalStatusCode
	Said     string `json:"originalMessage"`    // or OriginalMessage
	Cause    string `json:"errorCode"`          // or ErrorCode
}

// decodeFailure reads an error answer as the SDKs do: the header's type counts,
// then the body's.
func (a *awsAPI) decodeFailure(status int, h http.Header, body []byte) *Failure {
	f := &Failure{Status: status, RetryAfter: retryAfterOf(h), RequestID: h.Get("X-Amzn-Requestid")}
	if ms, ok := parseNumber(h.Get("X-Amz-Retry-After")); ok {
		f.RetryAfter = boundedWait(ms * float64(time.Millisecond))
	}
	f.Type = awsTypeName(h.Get("X-Amzn-Errortype"))
	var in awsBody
	if err := json.Unmarshal(body, &in); err != nil && in == (awsBody{}) {
		f.Message = plainMessage(body)
	}
	setIfEmpty(&f.Type, awsTypeName(in.Type))
	setIfEmpty(&f.Type, awsTypeName(string(in.Code)))
	setIfEmpty(&f.Message, in.Message)
	f.Kind = a.kindOf(f, &in)
	return f
}

// decodeException does the same for an error inside a stream.
func (a *awsAPI) decodeException(m message) *Failure {
	h := http.Header{}
	if m.exception != "" { // the name is the type's with a small first letter
		h.Set("X-Amzn-Errortype", strings.ToUpper(m.exception[:1])+m.exception[1:])
	}
	f := a.decodeFailure(http.StatusOK, h, m.payload)
	if m.text != "" {
		f.Message = m.text
		f.Kind = a.kindOf(f, &awsBody{})
	}
	return f
}

func (a *awsAPI) kindOf(f *Failure, body *awsBody) FailureKind {
	if f.Status == http.StatusMethodNotAllowed {
		return FailMethod
	}
	if k := a.kind(f, body); k != "" {
		return k
	}
	if e, ok := a.lookup(f.Type); ok {
		return e.kind
	}
	return kindOfStatus(f.Status)
}

// awsTypeName cuts a type to its name: ThrottlingException:http://… and
// com.amazonaws.bedrockruntime#ThrottlingException are both given.
func awsTypeName(s string) string {
	s, _, _ = strings.Cut(s, ":")
	if i := strings.LastIndexByte(s, '#'); i >= 0 {
		s = s[i+1:]
	}
	return strings.TrimSpace(s)
}

// lowerFirst is a type's name as that of an exception in a Bedrock stream.
func lowerFirst(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToLower(s[:1]) + s[1:]
}

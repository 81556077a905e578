package wire

import (
	"fmt"
	"html"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// geminiFailures are the Gemini API's own errors: HTTP status, the word of
// google.rpc.Code, and text. Texts without a remark were seen in public
// reports.
var geminiFailures = map[FailureKind]usual{
	FailRateLimit: {429, "RESOURCE_EXHAUSTED", "", "", geminiRateLimit},
	// Documented: prepaid credit is used up. Words unverified. With status 429
	// it is the day's quota.
	FailQuota:         {402, "RESOURCE_EXHAUSTED", "", "", geminiOutOfQuota},
	FailOverload:      {503, "UNAVAILABLE", "", "", says("This model is currently experiencing high demand. Spikes in demand are usually temporary. Please try again later.")},
	FailServer:        {500, "INTERNAL", "", "", says("An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting")},
	FailTimeout:       {504, "DEADLINE_EXCEEDED", "", "", says("Deadline expired before operation could complete.")}, // text seen, with this status unverified
	FailAuth:          {400, "INVALID_ARGUMENT", "", "", says("API key not valid. Please pass a valid API key.")},
	FailPermission:    {403, "PERMISSION_DENIED", "", "", says("The caller does not have permission")},
	FailModelNotFound: {404, "NOT_FOUND", "", "", nil}, // worded by notThere
	FailContextLength: {400, "INVALID_ARGUMENT", "", "", func(f *Failure, _ http.Header) string {
		return fmt.Sprintf("The input token count (%d) exceeds the maximum number of tokens allowed (%d).", f.Asked, f.LimitValue)
	}},
	// A blocked prompt is no error: 200 with promptFeedback. See WriteFailure.
	FailContentFilter: {200, "", "PROHIBITED_CONTENT", "", says("")},
	FailBadRequest:    {400, "INVALID_ARGUMENT", "", "", says("Request contains an invalid argument.")},
	FailTooLarge: {400, "INVALID_ARGUMENT", "", "", func(f *Failure, _ http.Header) string {
		return fmt.Sprintf("Request payload size exceeds the limit: %d bytes.", f.LimitValue)
	}},
	FailNotFound:  {404, "NOT_FOUND", "", "", says("")}, // a page
	FailMethod:    {404, "NOT_FOUND", "", "", says("")}, // the same page
	FailMalformed: {500, "INTERNAL", "", "", says("Internal error encountered.")},
	FailTransport: {503, "UNAVAILABLE", "", "", says("The service is currently unavailable.")},
}

// googleCodes are the words of google.rpc.Code for the HTTP statuses they are
// mapped to.
var googleCodes = map[int]string{
	400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 402: "RESOURCE_EXHAUSTED", 403: "PERMISSION_DENIED",
	404: "NOT_FOUND", 409: "ABORTED", 429: "RESOURCE_EXHAUSTED", 499: "CANCELLED", 500: "INTERNAL",
	501: "UNIMPLEMENTED", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}

// fill fills a failure's gaps. A status of its own brings its own word.
func (d gemini) fill(f *Failure) Failure {
	full := *f
	if full.Type == "" && full.Status != 0 {
		full.Type = googleCodes[full.Status]
	}
	if f.Kind == FailModelNotFound {
		setIfEmpty(&full.Message, d.notThere(d.callOf(f.Surface), f))
	}
	if f.Kind == FailTooLarge && full.LimitValue == 0 {
		full.LimitValue = d.maxBody
	}
	return fill(&full, d.failures, nil)
}

// geminiNotThere words a model that is not there. The retired one's text was
// seen with and without a successor.
func geminiNotThere(c geminiCall, f *Failure) string {
	name := geminiName(f.Model)
	if f.Retired {
		successor := "a newer model"
		if f.Successor != "" {
			successor = geminiName(f.Successor)
		}
		return fmt.Sprintf("This model %s is no longer available. Please update your code to use %s for the latest features and improvements.", name, successor)
	}
	return fmt.Sprintf("%s is not found for API version %s, or is not supported for %s. Call ListModels to see the list of available models and their supported methods.", name, c.version, c.method)
}

// geminiName is a model's resource name.
func geminiName(id string) string {
	if strings.Contains(id, "/") {
		return id
	}
	return "models/" + id
}

// geminiQuota is the quota that a rate limit is about.
func geminiQuota(f *Failure) (metric, id string) {
	metric = "generativelanguage.googleapis.com/generate_content_" + geminiTierMetric
	switch {
	case f.Limit == "tokens":
		return metric + "_input_token_count", "GenerateContentInputTokensPerModelPerMinute-" + geminiTierID
	case f.Kind == FailQuota:
		return metric + "_requests", "GenerateRequestsPerDayPerProjectPerModel-" + geminiTierID
	}
	return metric + "_requests", "GenerateRequestsPerMinutePerProjectPerModel-" + geminiTierID
}

// geminiRateLimit words a limit with its figures, as a 429 with details does,
// or in short where no limit is named.
func geminiRateLimit(f *Failure, _ http.Header) string {
	if f.Limit == "" && f.Kind == FailRateLimit {
		return "Resource has been exhausted (e.g. check quota)."
	}
	metric, _ := geminiQuota(f)
	s := fmt.Sprintf("You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits. To monitor your current usage, head to: https://ai.dev/rate-limit. \n* Quota exceeded for metric: %s, limit: %d, model: %s", metric, f.LimitValue, f.Model)
	if f.RetryAfter > 0 {
		s += "\nPlease retry in " + f.RetryAfter.String() + "."
	}
	return s
}

func geminiOutOfQuota(f *Failure, h http.Header) string {
	if f.Status == http.StatusTooManyRequests {
		return geminiRateLimit(f, h)
	}
	return "Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage your project and billing."
}

// geminiDetails appends the details of the Gemini API's errors.
func geminiDetails(dst []byte, f *Failure) []byte {
	switch {
	case f.Kind == FailAuth && f.Status == http.StatusBadRequest:
		dst = append(dst, `{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com","metadata":{"service":"generativelanguage.googleapis.com"}},`...)
		dst = appendString(append(dst, `{"@type":"type.googleapis.com/google.rpc.LocalizedMessage","locale":"en-US","message":`...), f.Message)
		return append(dst, '}')
	case f.Kind == FailRateLimit && f.Limit != "", f.Kind == FailQuota && f.Status == http.StatusTooManyRequests:
		metric, id := geminiQuota(f)
		dst = append(dst, `{"@type":"type.googleapis.com/google.rpc.Help","links":[{"description":"Learn more about Gemini API quotas","url":"https://ai.google.dev/gemini-api/docs/rate-limits"}]},`...)
		dst = appendString(append(dst, `{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":`...), metric)
		dst = appendString(append(dst, `,"quotaId":`...), id)
		dst = appendString(append(dst, `,"quotaDimensions":{"location":"global","model":`...), f.Model)
		dst = append(dst, '}')
		if f.LimitValue > 0 { // absent for a limit of 0
			dst = appendString(append(dst, `,"quotaValue":`...), strconv.Itoa(f.LimitValue))
		}
		dst = append(dst, "}]}"...)
		if f.RetryAfter > 0 {
			dst = appendString(append(dst, `,{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":`...), protoDuration(f.RetryAfter))
			dst = append(dst, '}')
		}
		return dst
	}
	return geminiBadRequest(dst, f)
}

// geminiBadRequest appends the details of a body that could not be read.
func geminiBadRequest(dst []byte, f *Failure) []byte {
	if f.Kind != FailBadRequest || !strings.HasPrefix(f.Message, "Invalid ") {
		return dst
	}
	dst = append(dst, `{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{`...)
	if f.Param != "" {
		dst = append(appendString(append(dst, `"field":`...), f.Param), ',')
	}
	return append(appendString(append(dst, `"description":`...), f.Message), "}]}"...)
}

// protoDuration writes a duration as protobuf's JSON does, to the nanosecond.
// Seen in whole seconds and in fractions; exact, so that a client that waits
// as told does not come too early.
func protoDuration(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
}

// appendGoogleError appends the error envelope.
func (d gemini) appendGoogleError(dst []byte, f *Failure) []byte {
	dst = appendField(dst, `{"error":{"code":`, f.Status)
	dst = appendString(append(dst, `,"message":`...), f.Message)
	if f.Type != "" {
		dst = appendString(append(dst, `,"status":`...), f.Type)
	}
	const key = `,"details":[`
	n := len(dst)
	dst = append(dst, key...)
	if dst = d.details(dst, f); len(dst) == n+len(key) {
		return append(dst[:n], "}}"...)
	}
	return append(dst, "]}}"...)
}

// googlePage is what Google's front answers for a path it does not know.
// Unverified: its real bytes hold a style sheet and a logo too.
const googlePage = "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n  <title>Error %[1]d (%[2]s)!!1</title>\n  <p><b>%[1]d.</b> <ins>That’s an error.</ins>\n  <p>The requested URL <code>%[3]s</code> was not found on this server.  <ins>That’s all we know.</ins>\n"

// WriteFailure writes an error answer. There is no retry-after header: the
// delay lies in the details and the message alone.
func (d gemini) WriteFailure(w http.ResponseWriter, f *Failure) {
	full := d.fill(f)
	c := d.callOf(f.Surface)
	// A client that has gone is no failure of the answer: nothing to report.
	switch {
	case full.Status == http.StatusOK:
		d.writeBlocked(w, &full, c)
	case full.Message == "":
		page := fmt.Appendf(nil, googlePage, full.Status, http.StatusText(full.Status), html.EscapeString(f.Param))
		_ = writeBody(w, full.Status, "text/html; charset=UTF-8", page)
	default:
		b := d.appendGoogleError(nil, &full)
		if f.Stream && c.array {
			b = append(append([]byte{'['}, b...), ']')
		}
		_ = writeBody(w, full.Status, googleJSON, append(appendIndented(nil, b), '\n'))
	}
}

// googleJSON is the content type of Google's whole bodies.
const googleJSON = "application/json; charset=UTF-8"

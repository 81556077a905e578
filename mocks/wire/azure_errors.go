package wire

import (
	"fmt"
	"net/http"
)

// azureDenied is the gateway's answer to a wrong key and to none (BotSharp#386,
// chatbot#588).
const azureDenied = "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource."

// azureFailures are Azure's own errors. The gateway's codes are statuses or
// words; the model's are OpenAI's.
var azureFailures = map[FailureKind]usual{
	FailRateLimit: {429, "", "429", "", azureRateLimit},
	FailQuota:     {403, "", "403", "", says("Out of call volume quota for OpenAI F0 pricing tier. Please retry after 30 days. To increase your call volume switch to a paid tier.")}, // the words of Cognitive Services; unverified for this one
	FailOverload: {429, "", "429", "", func(f *Failure, _ http.Header) string { // pollinations#6260: under shared load it is a 429
		return "The system is currently experiencing high demand and cannot process your request. Your request exceeds the maximum usage size allowed during peak load. Please retry after " + inSeconds(f) + ". For improved latency reliability, consider switching to Provisioned Throughput."
	}},
	FailServer: {500, "server_error", "", "", func(_ *Failure, h http.Header) string { // azure-search-openai-demo#1390
		return "The server had an error while processing your request. Sorry about that! You can retry your request, or contact us through an Azure support request at: https://go.microsoft.com/fwlink/?linkid=2213926 if the error persists. (Please include the request ID " + h.Get("Apim-Request-Id") + " in your message.)"
	}},
	FailTimeout:    {408, "", "Timeout", "", says("The operation was timeout.")}, // seen in public reports
	FailAuth:       {401, "", "401", "", says(azureDenied)},
	FailPermission: {403, "", "403", "", says("Access denied due to Virtual Network/Firewall rules.")}, // azure-sql-db-chatbot#3
	FailModelNotFound: {404, "", "DeploymentNotFound", "", func(f *Failure, _ http.Header) string { // chatbox#646
		if f.Retired { // litellm#11505; others saw a 404 "Resource not found" (litellm#11116)
			return "The chatCompletion operation does not work with the specified model, " + f.Model + ". Please choose different model and try again. You can learn more about which models can be used with each operation here: https://go.microsoft.com/fwlink/?linkid=2197993."
		}
		return "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again."
	}},
	FailContextLength: openAIFailures[FailContextLength], // as OpenAI's: unverified
	FailContentFilter: {400, "", "content_filter", "prompt", says("The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry. To learn more about our content filtering policies please read our documentation: https://go.microsoft.com/fwlink/?linkid=2198766")},
	FailBadRequest:    {400, "invalid_request_error", "", "", says("Invalid request.")},
	FailTooLarge:      {413, "", "413", "", says("Request body too large.")}, // unverified
	FailNotFound:      {404, "", "404", "", says("Resource not found")},
	FailMethod:        {404, "", "404", "", says("Resource not found")}, // API Management matches path and method together
	FailMalformed:     {502, "", "502", "", says("Bad Gateway")},        // unverified
	FailTransport:     {502, "", "502", "", says("Bad Gateway")},
}

// azureRateLimit words the limits as the gateway does since 2025 (dyad#1849).
// Requests are "calls" there.
func azureRateLimit(f *Failure, _ http.Header) string {
	limit := "call"
	if f.Limit == "tokens" {
		limit = "token"
	}
	call := "ChatCompletions_Create"
	if f.Surface == "responses" {
		call = "Responses_Create" // unverified
	}
	return fmt.Sprintf("Your requests to %s for %[1]s in %s have exceeded the %s rate limit for your current AIServices S0 pricing tier. This request was for %s under Azure OpenAI API version %s. Please retry after %s. To increase your default rate limit, visit: https://aka.ms/oai/quotaincrease.",
		f.Model, azureRegion, limit, call, azureVersion, inSeconds(f))
}

// inSeconds is a failure's wait in words.
func inSeconds(f *Failure) string {
	if s := seconds(f.RetryAfter); s > 1 {
		return fmt.Sprintf("%d seconds", s)
	}
	return "1 second"
}

// appendAzureError appends the gateway's envelope, or OpenAI's where the model
// speaks. Where the gateway puts a space is as it was seen.
func appendAzureError(dst []byte, f *Failure) []byte {
	switch f.Kind {
	case FailContentFilter: // TinyTroupe#85
		dst = appendString(append(dst, `{"error":{"message":`...), f.Message)
		dst = appendNullable(append(dst, `,"type":`...), f.Type)
		dst = appendNullable(append(dst, `,"param":`...), f.Param)
		dst = appendNullable(append(dst, `,"code":`...), f.Code)
		dst = appendField(dst, `,"status":`, f.Status)
		return append(dst, `,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"hate":{"filtered":false,"severity":"safe"},"jailbreak":{"filtered":true,"detected":true},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}}}}}`...)
	case FailServer, FailContextLength:
		return appendOpenAIError(dst, f)
	case FailBadRequest:
		if f.Code != "BadRequest" {
			return appendOpenAIError(dst, f)
		}
	}
	if f.Code == "" {
		return appendOpenAIError(dst, f)
	}
	dst = appendString(append(dst, `{"error":{"code":`...), f.Code)
	dst = append(dst, `,"message":`...)
	if f.Kind == FailNotFound || f.Kind == FailMethod || f.Kind == FailPermission {
		dst = append(dst, ' ')
	}
	return append(appendString(dst, f.Message), "}}"...)
}

// azureComplaints are OpenAI's, from the model behind the gateway. A path with
// a deployment needs no model.
func azureComplaints() complaints {
	c := openAIComplaints
	c.needModel = false
	return c
}

// azureJudge reads what only the gateway says.
func azureJudge(f *Failure, h http.Header, _ []byte) {
	if f.RequestID = h.Get("Apim-Request-Id"); f.RequestID == "" {
		f.RequestID = h.Get("X-Request-Id")
	}
	switch {
	case containsAny(f.Message, "experiencing high demand"):
		f.Kind = FailOverload
	case containsAny(f.Message, "call volume quota"):
		f.Kind = FailQuota
	case containsAny(f.Message, "does not work with the specified model"):
		f.Kind, f.Retired = FailModelNotFound, true
	case f.Kind == FailRateLimit && containsAny(f.Message, "token rate limit"):
		f.Limit = "tokens"
	case f.Kind == FailRateLimit && containsAny(f.Message, "call rate limit"):
		f.Limit = "requests"
	}
}

package router

import (
	"regexp"
	"slices"
	"strings"
)

// modelDate is the snapshot at a model's name's end: 2024-08-06, 20250929,
// 2505, 0613, 001, or the word latest.
var modelDate = regexp.MustCompile(`[-@](\d{4}-\d{2}-\d{2}|\d{3,8}|latest)$`)

// modelEdition is what Bedrock and Ollama put after a name: -v1:0, :latest.
var modelEdition = regexp.MustCompile(`(?:-v\d+)?:(?:\d+|latest)$`)

// modelHouse is whom Bedrock and Databricks name before a model: where it runs
// and who made it.
var modelHouse = regexp.MustCompile(`^(?:(?:us|eu|apac|jp|au|ca|global|us-gov)\.)?(?:anthropic|amazon|meta|mistral|cohere|ai21|deepseek|openai|qwen|google)\.|^databricks-`)

// modelName is a model's name without what providers write differently.
type modelName struct {
	base string
	date string // its snapshot; "" where the name leaves it open
}

func nameOf(model string) modelName {
	s := strings.ToLower(strings.TrimSpace(model))
	s = s[strings.LastIndexByte(s, '/')+1:]
	s = modelHouse.ReplaceAllString(s, "")
	s = modelEdition.ReplaceAllString(s, "")
	var n modelName
	if m := modelDate.FindStringSubmatchIndex(s); m != nil {
		if n.date = strings.ReplaceAll(s[m[2]:m[3]], "-", ""); n.date == "latest" {
			n.date = ""
		}
		s = s[:m[0]]
	}
	n.base = strings.ReplaceAll(s, ".", "-")
	return n
}

// sameModel tells whether a provider that was asked for one model and names
// another in its answer means the same: a name without a date stands for each
// of its snapshots, and a house or region before it is no part of it. Two
// snapshots of one model are not the same. A provider that names none is
// believed.
func sameModel(asked, answered string) bool {
	if asked == answered || asked == "" || answered == "" {
		return true
	}
	a, b := nameOf(asked), nameOf(answered)
	return a.base == b.base && (a.date == b.date || a.date == "" || b.date == "")
}

// named are the dialects in which the operator gives models their names, so
// that a name that nobody knows is not one of another model.
var named = []string{"azure", "azureml", "sagemaker", "databricks"}

// means tells whether b may say answered where it was asked for a model: they
// are the same to sameModel or by its catalogue, or the name that was asked for
// is that of a deployment or floats.
func (b *backend) means(asked, answered string) bool {
	if sameModel(asked, answered) {
		return true
	}
	a, o := b.entry(asked), b.entry(answered)
	switch {
	case a != unknownModel && o != unknownModel:
		return a == o
	case slices.Contains(named, b.Dialect):
		return o == unknownModel
	}
	return strings.HasSuffix(asked, "latest")
}

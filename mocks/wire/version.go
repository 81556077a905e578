package wire

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Versioned is a Client whose calls name a version of the provider's interface,
// of which there are several.
type Versioned interface {
	// Versions are those that calls can name, in the order in which they are
	// worth trying: first the one that they name unless told otherwise.
	Versions() []string
	// NameVersion has a call to the provider name that version, which need not
	// be one of Versions.
	NameVersion(r *http.Request, version string)
}

// Interface is what a refusal says of its provider's interface, which is not
// the one that the call was made for. Version and headers are the caller's
// choice, so that no change of what is asked for would help.
type Interface struct {
	Takes  string // a version that is taken; "": none is told
	Header string // a header that calls must have; "": it is about the version
	Value  string // what must stand in that; "": it is not told
}

// Words of refusals, from their first on: what a request says of itself may be
// repeated in a refusal, but not there. Sources: Anthropic (`anthropic-version:
// "x" is not a valid version`, `anthropic-version: header is required`, and on other
// houses' platforms `anthropic_version: Input should be 'x'`); Azure
// OpenAI (aider-desk#460, chatwise#258) and Azure's management (azure-cli#28038:
// "The api-version 'x' is invalid. The supported versions are 'a,b'."); OpenAI
// ("You must provide the 'OpenAI-Beta' header to access the Assistants API.
// Please try again by setting the header 'OpenAI-Beta: assistants=v2'."). The
// others are unverified: words that a provider may find for the same.
var (
	refusedVersion = regexp.MustCompile(`(?i)^(?:anthropic-version: "[^"]*" is not a valid version|anthropic_version: (?:Input should be|Field required)|API version (?:[\w.-]+ is )?(?:not|no longer) supported|This version of the API is no longer supported|Model \S+ is enabled only for api versions |The api-version '[^']*' is invalid)`)
	takenVersion   = regexp.MustCompile(`(?i)(?:enabled only for api versions |supported versions are '?)([\w.-]+)`)
	missingHeader  = regexp.MustCompile(`(?i)^(?:You must provide the '([\w-]+)' header|([\w-]+): header is required(?:\.|$))`)
	headerValue    = regexp.MustCompile(`(?i)setting the header '([\w-]+): ([\w.,=:+-]+)'`)
)

// Outgrown tells what a refusal says of an interface that has changed under its
// callers; nil: it is about something else.
func (f *Failure) Outgrown() *Interface {
	if f.Kind != FailBadRequest {
		return nil
	}
	if refusedVersion.MatchString(f.Message) {
		n := &Interface{}
		if m := takenVersion.FindStringSubmatch(f.Message); m != nil {
			n.Takes = m[1]
		}
		return n
	}
	m := missingHeader.FindStringSubmatch(f.Message)
	if m == nil {
		return nil
	}
	n := &Interface{Header: m[1] + m[2]}
	if v := headerValue.FindStringSubmatch(f.Message); v != nil && strings.EqualFold(v[1], n.Header) {
		n.Value = v[2]
	}
	return n
}

// Versions are those of the header, the newest last: a newer one takes less.
func (d anthropic) Versions() []string {
	list := []string{d.clientVersion}
	for v := range d.versions {
		if v != d.clientVersion {
			list = append(list, v)
		}
	}
	slices.Sort(list[1:])
	return list
}

// NameVersion sets the header.
func (d anthropic) NameVersion(r *http.Request, version string) {
	r.Header.Set("Anthropic-Version", version)
}

// azureAPI is Azure with its versions.
type azureAPI struct{ cousin }

// Versions are those of the deployments' paths, the newest first.
func (d azureAPI) Versions() []string {
	list := slices.Clone(azureVersions)
	slices.SortFunc(list, func(a, b string) int { return strings.Compare(b, a) })
	list = slices.DeleteFunc(list, func(v string) bool { return v == azureVersion })
	return append([]string{azureVersion}, list...)
}

// NameVersion sets the query's parameter, where the path has one: those below
// /openai/v1 need none.
func (d azureAPI) NameVersion(r *http.Request, version string) {
	if q := r.URL.Query(); q.Has("api-version") {
		q.Set("api-version", version)
		r.URL.RawQuery = q.Encode()
	}
}

// Versions are those of the paths.
func (d gemini) Versions() []string { return d.versions }

// NameVersion changes the path's first step.
func (d gemini) NameVersion(r *http.Request, version string) {
	for _, v := range d.versions {
		if rest, ok := strings.CutPrefix(r.URL.Path, "/"+v+"/"); ok {
			r.URL.Path = "/" + version + "/" + rest
			if raw, ok := strings.CutPrefix(r.URL.RawPath, "/"+v+"/"); ok {
				r.URL.RawPath = "/" + version + "/" + raw
			}
			return
		}
	}
}

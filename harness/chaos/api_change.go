package chaos

import (
	"context"
	"net/http"

	"brownout/mocks"
	"brownout/mocks/wire"
)

// Modes of an API change.
const (
	changeVersion      = "version"
	changeHeader       = "required_header"
	changeRenamedParam = "renamed_param"
	changeRemovedParam = "removed_param"
	changeRenamedField = "renamed_field"
)

// APIChange makes an interface another one than clients were written for.
type APIChange struct {
	Mode    string `toml:"mode" default:"removed_param" enum:"version,required_header,renamed_param,removed_param,renamed_field" doc:"version: the version that clients name is refused. required_header: calls must carry a header that they did not need before. renamed_param: a parameter of requests is refused, and its new name told. removed_param: a parameter is refused. renamed_field: a field of answers has another name."`
	Version string `toml:"version" default:"" doc:"version: the oldest that is still taken, where clients name one (anthropic: header anthropic-version; azure: api-version); empty: the dialect's newest. Elsewhere the one in the path that is still taken; empty: every call is refused."`
	Header  string `toml:"header" default:"" doc:"required_header: the header; empty: a plausible one"`
	Value   string `toml:"value" default:"" doc:"required_header: what must stand in it; empty: a plausible value"`
	Untold  bool   `toml:"untold" default:"false" doc:"required_header: the refusal names the header and not its value, so that only a changelog knows it"`
	Param   string `toml:"param" default:"" doc:"renamed_param, removed_param: the parameter, at the top of the request or in one of its objects; calls without it are not touched; empty: the older name of the limit of tokens (renamed), the temperature (removed)"`
	Field   string `toml:"field" default:"" doc:"renamed_field: the field, wherever it is in an answer, also in streams; empty: the one that holds the text"`
	To      string `toml:"to" default:"" doc:"renamed_param, renamed_field: the new name; empty: a plausible one"`
}

var apiChangeKind = Kind{
	Name: "api_change", Layer: LayerService, Claims: "interface",
	Summary: "a version is refused, a header required, a parameter renamed or removed, a field of the answer has another name",
	Page: `Providers change their interfaces, announced in a changelog that nobody reads at
night. Nothing is down, and no retry helps.

version        The version that clients name is no longer taken: an old
               anthropic-version, an Azure api-version. Who names none is refused
               where versions are part of the address. Azure's refusal names the
               version to use, Anthropic's does not.
required_header
               Calls need a header that they did not need before, as OpenAI's
               assistants did when their beta had a second version. The refusal
               says what to send, or (untold) only what is missing.
renamed_param  A parameter is refused in the provider's own words with the name to
               use instead, as OpenAI did when max_tokens became
               max_completion_tokens. Clients that send the new name are fine.
removed_param  A parameter is refused, as temperature was for reasoning models.
renamed_field  Requests are fine; the answer says the same under another name.
               The status is 200, parsers find nothing where the text was, and
               nothing looks broken except the answers.

None of the first four is the user's mistake: nobody who asks a question names a
version or a header, and the parameter was fine a minute ago. A good system tells
this 400 from a real one. It asks again by a version that is taken, with the header,
without the parameter or under its new name, where it is told how or knows; else it
leaves the provider alone and goes to another. It says once what has changed, and
does not pay for finding it out again with every call. An empty answer with a bill
for output tokens it takes as what it is, and where only the count of tokens is
missing it carries on. A bad one passes the 400 on to its user, serves empty answers,
or books half a bill. The bundled router's mitigation for all of it is api_shim (and
validation, for answers without words).`,
	New: func() Fault { return new(APIChange) },
}

// Check wants parameters of the mode, and no others.
func (a *APIChange) Check() *ParamError {
	for _, p := range []struct {
		name, value string
		modes       []string
	}{
		{"version", a.Version, []string{changeVersion}},
		{"header", a.Header, []string{changeHeader}},
		{"value", a.Value, []string{changeHeader}},
		{"param", a.Param, []string{changeRenamedParam, changeRemovedParam}},
		{"field", a.Field, []string{changeRenamedField}},
		{"to", a.To, []string{changeRenamedParam, changeRenamedField}},
	} {
		fits := p.value == ""
		for _, m := range p.modes {
			fits = fits || a.Mode == m
		}
		if !fits {
			return &ParamError{Param: p.name, Msg: p.name + " has no meaning with mode " + a.Mode, Hint: "it belongs to " + p.modes[0]}
		}
	}
	if a.Untold && a.Mode != changeHeader {
		return &ParamError{Param: "untold", Msg: "untold has no meaning with mode " + a.Mode, Hint: "it belongs to " + changeHeader}
	}
	if a.To != "" && (a.To == a.Param || a.To == a.Field) {
		return &ParamError{Param: "to", Msg: "the new name is the old one", Hint: "give another"}
	}
	return nil
}

// OnLink is false: the mock answers.
func (*APIChange) OnLink() bool { return false }

// Inject changes the interface.
func (a *APIChange) Inject(_ context.Context, v Victim, env Env) (func(context.Context) error, error) {
	c := apiChange{touch: newTouch(v, env), APIChange: a, dialect: v.Provider.Spec().Dialect}
	if a.Mode == changeRenamedField {
		return effect(v, env, purposeAPI, c.rename), nil
	}
	end := v.Provider.Inject(env.Name, c)
	return func(context.Context) error { end(); return nil }, nil
}

const purposeAPI = "api-change"

// apiChange is a change of an interface that refuses requests.
type apiChange struct {
	touch
	*APIChange
	dialect string
}

// Meet implements mocks.Fault: what matters is in the request's bytes.
func (apiChange) Meet(*mocks.Call) mocks.Effect { return mocks.Effect{} }

// Inspect implements mocks.Inspector.
func (a apiChange) Inspect(c *mocks.Call, r *http.Request, body []byte) mocks.Effect {
	if !a.meets(c, purposeAPI) {
		return mocks.Effect{}
	}
	var f *wire.Failure
	switch a.Mode {
	case changeVersion:
		f = a.refuseVersion(c, r)
	case changeHeader:
		f = a.refuseHeader(c, r)
	default:
		f = a.refuseParam(c, body)
	}
	if f == nil {
		return mocks.Effect{}
	}
	return mocks.Effect{Touched: true, Fail: f}
}

// Translate implements mocks.Translator: the new name of a parameter is taken
// for the old one.
func (a apiChange) Translate(body []byte) []byte {
	if a.Mode != changeRenamedParam {
		return body
	}
	param, to := a.names(a.dialect)
	return renameKey(body, to, param)
}

// rename has an answer's field carry another name.
func (a apiChange) rename(c *mocks.Call) mocks.Effect {
	if c.Operation != mocks.OperationChat && c.Operation != mocks.OperationEmbed {
		return mocks.Effect{}
	}
	fields := []string{a.Field}
	if a.Field == "" {
		fields = textFields(a.dialect, c)
	}
	return mocks.Effect{Garble: &mocks.Garble{Rewrite: func(body []byte) []byte {
		for _, field := range fields {
			to := a.To
			if to == "" {
				to = "output_" + field
			}
			body = renameKey(body, field, to)
		}
		return body
	}}}
}

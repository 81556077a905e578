package chaos

import (
	"context"
	"net/http"

	"brownout/mocks"
)

// Modes of an API change.
const (
	changeVersion      = "version"
	changeRenamedParam = "renamed_param"
	changeRemovedParam = "removed_param"
	changeRenamedField = "renamed_field"
)

// APIChange makes an interface another one than clients were written for.
type APIChange struct {
	Mode    string `toml:"mode" default:"removed_param" enum:"version,renamed_param,removed_param,renamed_field" doc:"version: the version that clients name is refused. renamed_param: a parameter of requests is refused, and its new name told. removed_param: a parameter is refused. renamed_field: a field of answers has another name."`
	Version string `toml:"version" default:"" doc:"version: the oldest that is still taken, where clients name one (anthropic: header anthropic-version; azure: api-version); empty: the dialect's newest. Elsewhere every call is refused."`
	Param   string `toml:"param" default:"" doc:"renamed_param, removed_param: the parameter, at the top of the request or in one of its objects; calls without it are not touched; empty: the older name of the limit of tokens (renamed), the temperature (removed)"`
	Field   string `toml:"field" default:"" doc:"renamed_field: the field, wherever it is in an answer, also in streams; empty: the one that holds the text"`
	To      string `toml:"to" default:"" doc:"renamed_param, renamed_field: the new name; empty: a plausible one"`
}

var apiChangeKind = Kind{
	Name: "api_change", Layer: LayerService, Claims: "interface",
	Summary: "a version is refused, a parameter is renamed or removed, a field of the answer has another name",
	Page: `Providers change their interfaces, announced in a changelog that nobody reads at
night. Nothing is down, and no retry helps.

version        The version that clients name is no longer taken: an old
               anthropic-version, an Azure api-version. Who names none is refused
               where versions are part of the address.
renamed_param  A parameter is refused in the provider's own words with the name to
               use instead, as OpenAI did when max_tokens became
               max_completion_tokens. Clients that send the new name are fine.
removed_param  A parameter is refused, as temperature was for reasoning models.
renamed_field  Requests are fine; the answer says the same under another name.
               The status is 200, parsers find nothing where the text was, and
               nothing looks broken except the answers.

A good system tells this 400 from its user's own mistakes: it goes to another
provider for calls that were fine a minute ago, drops or renames the parameter where
it is told how, and takes an empty answer with a bill for output tokens as what it is.
A bad one passes the 400 on to its user, or serves empty answers.`,
	New: func() Fault { return new(APIChange) },
}

// Check wants parameters of the mode, and no others.
func (a *APIChange) Check() *ParamError {
	for _, p := range []struct {
		name, value string
		modes       []string
	}{
		{"version", a.Version, []string{changeVersion}},
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
	f := a.refuseParam(c, body)
	if a.Mode == changeVersion {
		f = a.refuseVersion(c, r)
	}
	if f == nil {
		return mocks.Effect{}
	}
	return mocks.Effect{Touched: true, Fail: f}
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

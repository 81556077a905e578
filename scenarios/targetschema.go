package scenarios

import (
	"encoding/json"
	"strings"

	"brownout/plan"
)

// TargetSchemaID names the JSON Schema of the target file.
const TargetSchemaID = "brownout.target/1"

// TargetSchema is a JSON Schema (2020-12) of the target file, made like that of
// the scenario file.
func TargetSchema() []byte {
	out, err := json.MarshalIndent(targetTree(), "", "  ")
	if err != nil { // maps, lists and words cannot fail
		panic(err)
	}
	return append(out, '\n')
}

func targetTree() schema {
	texts := schema{"type": "object", "additionalProperties": schema{"type": "string"}}
	process := object(plan.DefaultTargetProcess, "target.process", schema{
		"env":  texts,
		"file": list(fileSchema("target.process.file")),
	}, "command")
	install := object(plan.TargetInstall{}, "target.install", schema{"file": list(fileSchema("target.install.file"))})
	root := object(plan.DefaultTarget, "target", schema{
		"headers": texts, "body": texts, "process": process, "install": install,
	})
	root["oneOf"] = []any{schema{"required": []string{"router"}}, schema{"required": []string{"url"}}}
	root["dependentRequired"] = map[string][]string{"install": {"process"}}
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "urn:" + TargetSchemaID
	root["title"] = "Brownout target"
	return withoutVars(root).(schema)
}

// fileSchema describes a text file, which has its text from one of two places.
func fileSchema(path string) schema {
	s := object(plan.TargetFile{}, path, nil, "path")
	s["oneOf"] = []any{schema{"required": []string{"text"}}, schema{"required": []string{"from"}}}
	return s
}

// withoutVars is a schema for files that have no variables: where a value or a
// variable may stand, the value alone may.
func withoutVars(of any) any {
	switch of := of.(type) {
	case []any:
		out := make([]any, len(of))
		for i, v := range of {
			out[i] = withoutVars(v)
		}
		return out
	case schema:
		out := schema{}
		for key, v := range of {
			out[key] = withoutVars(v)
		}
		alternatives, _ := out["anyOf"].([]any)
		if len(alternatives) == 2 && alternatives[1].(schema)["$ref"] != nil {
			delete(out, "anyOf")
			for key, v := range alternatives[0].(schema) {
				out[key] = v
			}
		}
		return out
	case string:
		return strings.TrimSuffix(of, `|\$\{`)
	}
	return of
}

// targetDocs says what each key of a target's file means.
var targetDocs = map[string]string{
	"target.title":   "one line for people",
	"target.about":   "a paragraph for people",
	"target.version": "of the gateway that the file was written for; stands in journals and reports",
	"target.router":  "served in Brownout's own process: the bundled router, or one of the controls",
	"target.url":     "template: where clients find it, scheme and host, with a path before /v1 where there is one",
	"target.dialect": "that clients speak",
	"target.key":     "template: that clients show; empty: a key of Brownout's",
	"target.model":   "template: that clients ask for; empty: the scenario's",
	"target.headers": "templates: headers of each request, by name; they may depend on its kind",
	"target.body":    "templates that give JSON: fields put into the body of each request, by name; model replaces what is asked for",
	"target.speaks":  "dialects of providers that it can be pointed at; empty: any",

	"target.process":               "what Brownout starts; without it the gateway runs already",
	"target.process.command":       "templates: the program and its arguments",
	"target.process.env":           "templates: variables that are set beside PATH, HOME and the like",
	"target.process.pass":          "variables of your own environment that are passed on, too",
	"target.process.shared":        "it takes all addresses from the requests' headers, so one process serves any number of runs",
	"target.process.alone":         "it has fixed ports beside its own, so one runs at a time",
	"target.process.grace":         "from SIGTERM to SIGKILL",
	"target.process.ready":         "how one tells that it serves",
	"target.process.ready.path":    "asked with GET until it answers with a status below 500; empty: its port need only be open",
	"target.process.ready.timeout": "after which it has not started",
	"target.process.file":          "files that are written into its own directory before it starts",
	"target.process.file.path":     "below that directory, which templates call .Dir",
	"target.process.file.text":     "template: what stands in it",
	"target.process.file.from":     "a file beside this one with that template, in place of text",

	"target.install":           "what it needs, brought once into a directory that is kept between runs",
	"target.install.needs":     "programs that must be on the PATH",
	"target.install.command":   "run once in that directory, which templates call .Home",
	"target.install.hint":      "what a person does where there is no command",
	"target.install.file":      "files that are written there before; another text of theirs installs anew",
	"target.install.file.path": "below that directory",
	"target.install.file.text": "what stands in it, as it is",
	"target.install.file.from": "a file beside this one, in place of text",
}

// docOf is what the key at a path means, in the file of a scenario or a target.
func docOf(path string) string {
	if doc := keyDocs[path]; doc != "" {
		return doc
	}
	return targetDocs[path]
}

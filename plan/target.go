package plan

import "time"

// Target describes a system under test: how it is brought up, pointed at the
// providers' links, called and taken down. One of Router, Process and neither
// says what it is: served in this process, started by Brownout, or running
// already at URL.
//
// Texts that are said to be templates are in the language of text/template;
// what stands in them is told by package target.
type Target struct {
	Name    string `toml:"-"`       // what users call it: a built-in name, a path or a URL
	Title   string `toml:"title"`   // one line for people
	About   string `toml:"about"`   // a paragraph for people
	Version string `toml:"version"` // of the gateway that the file was written for; written into journals

	Router  string            `toml:"router"`  // served in this process: one of TargetRouters
	URL     string            `toml:"url"`     // template: where clients find it, scheme and host, with a path before /v1 where there is one
	Dialect string            `toml:"dialect"` // that clients speak: one of TargetDialects
	Key     string            `toml:"key"`     // template: what clients show; empty: a key of ours
	Model   string            `toml:"model"`   // template: what clients ask for; empty: the model of the plan
	Headers map[string]string `toml:"headers"` // templates: of each request; may depend on its kind
	Body    map[string]string `toml:"body"`    // templates that give JSON: fields put into the body of each request; model replaces what is asked for
	Speaks  []string          `toml:"speaks"`  // dialects of providers that it can be pointed at; empty: any
	Process *TargetProcess    `toml:"process"` // nil: nothing is started
	Install *TargetInstall    `toml:"install"` // nil: nothing needs to be installed
}

// TargetProcess is a system under test that Brownout starts.
type TargetProcess struct {
	Command []string          `toml:"command"` // templates: the program and its arguments
	Env     map[string]string `toml:"env"`     // templates: set beside the few variables that are passed on
	Pass    []string          `toml:"pass"`    // variables of our own environment that are passed on beside PATH, HOME and the like
	Files   []TargetFile      `toml:"file"`    // templates: written into its directory before it starts
	// Shared says that it takes the providers' addresses from the headers of
	// each request, so that one process serves any number of runs.
	Shared bool `toml:"shared"`
	// Alone says that it listens on fixed ports beside its own, so that a
	// machine has room for one at a time.
	Alone bool          `toml:"alone"`
	Ready TargetReady   `toml:"ready"`
	Grace time.Duration `toml:"grace"` // from SIGTERM to SIGKILL
}

// TargetFile is a text file that a target needs.
type TargetFile struct {
	Path string `toml:"path"` // below the directory that it is meant for
	Text string `toml:"text"` // template for files of a process, plain for those of an installation
	From string `toml:"from"` // a file beside the target's, in place of Text
}

// TargetReady says how one tells that a process serves.
type TargetReady struct {
	Path    string        `toml:"path"`    // asked with GET until it answers with a status below 500; empty: its port is open
	Timeout time.Duration `toml:"timeout"` // after which it has not started
}

// TargetInstall brings what a process needs into a directory that is kept
// between runs.
type TargetInstall struct {
	Needs   []string     `toml:"needs"`   // programs that must be there
	Command []string     `toml:"command"` // run once in that directory, without templates
	Files   []TargetFile `toml:"file"`    // written there before; another text of theirs installs anew
	Hint    string       `toml:"hint"`    // what a person does where there is no command
}

// TargetRouters are the words of Target.Router.
var TargetRouters = []string{"bundled", "retries", "direct"}

// TargetDialects are the words of Target.Dialect.
var TargetDialects = []string{"openai", "anthropic"}

// DefaultTarget is what a target's file need not say.
var DefaultTarget = Target{Dialect: "openai"}

// DefaultTargetProcess is what a target's file need not say of a process.
var DefaultTargetProcess = TargetProcess{
	Grace: 3 * time.Second,
	Ready: TargetReady{Timeout: 20 * time.Second},
}

// InProcess is the target that serves the bundled router in one of the ways of
// TargetRouters.
func InProcess(router string) Target {
	t := DefaultTarget
	t.Name, t.Router = router, router
	return t
}

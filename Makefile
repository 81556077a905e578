# One command runs the main job (make run), one passes the tests (make test).

GO      ?= go
TOOL     = $(GO) tool -modfile=tools.mod
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  = -s -w -X main.version=$(VERSION)

.DEFAULT_GOAL := help
.PHONY: help build run test check lint format race sdks calibrate library scorecard gateways js needs bench gobench fuzz completions notices release-check clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/brownout
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/brownout ./cmd/brownout

run: build ## run the flagship scenario: live screen on a terminal, headless otherwise
	bin/brownout run provider-outage

test: needs check race sdks ## format, vet, staticcheck and every test
	$(MAKE) -j3 calibrate scorecard js # all wait more than they work

needs: ## install what the tests need and the machine lacks (tmux and Chromium, on Debian)
	@lack=; for p in tmux chromium; do command -v $$p >/dev/null || lack="$$lack $$p"; done; \
	[ -z "$$lack" ] || { apt-get update -qq && apt-get install -y -qq --no-install-recommends $$lack >/dev/null; }

check: ## check format, go vet and staticcheck
	@out=$$($(TOOL) gofumpt -l .); [ -z "$$out" ] || { echo "not formatted (make format):"; echo "$$out"; exit 1; }
	$(GO) vet ./...
	$(TOOL) staticcheck ./...

lint: ## golangci-lint's short list (.golangci.yml), beyond what check looks at
	$(GO) tool -modfile=lint.mod golangci-lint run ./...

format: ## format every file
	$(TOOL) gofumpt -w .

# Packages wait more than they work, so more of them go at once than there are
# cores. The program's own tests measure runs, and have the machine to themselves.
race: ## every test of ours under the race detector
	$(GO) test -race -p 4 -timeout 5m $$($(GO) list ./... | grep -v /cmd/)
	$(GO) test -race -parallel 3 -skip '^TestCalibration$$' -timeout 5m ./cmd/... # they wait more than they work

# The providers' SDKs are most of what there is to compile, and their races are
# not ours to find: their tests are built without the detector.
sdks: ## the official Go SDKs against the mocks
	$(GO) test ./mocks ./mocks/wire

# Two dozen runs at a time would be starved by the race detector, and a starved
# instrument says so instead of measuring.
calibrate: ## run the built-in scenarios against the router and its controls
	$(GO) test -count=1 -run '^TestCalibration$$' ./cmd/brownout

# On a machine that does much else a run may fail by what its neighbours did;
# one that fails twice fails.
library: build ## run every built-in scenario against the bundled router, side by side
	bin/brownout run --suite all --headless --no-journal --confirm 1

scorecard: build ## put every fault once on the bundled router, without load
	@card() { bin/brownout scorecard; }; card || { code=$$?; [ $$code -eq 3 ] && card || exit $$code; }

gateways: ## install other people's gateways and find what is known of them
	BROWNOUT_GATEWAYS=1 $(GO) test -count=1 -v -run '^TestKnownAnswers' ./cmd/brownout

js: build ## the official JavaScript SDKs against the mocks
	@command -v node >/dev/null || { echo "make js: node is missing, so the JavaScript SDKs are not tested"; exit 0; }; \
	cd test/js && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci; } && npm test

# FULL=1 also runs a million requests. BENCH holds flags of the bench, such as
# -gateway URL for a row of a gateway that you run in front of the mock
# (-mock-port).
bench: build ## measure every part of the chain on this machine: one table, in Markdown
	$(GO) run ./bench $(if $(FULL),-full) $(BENCH)

gobench: ## run every Go benchmark, in benchstat's format
	$(GO) test -run '^$$' -bench . -benchmem ./...

fuzz: ## fuzz every parser for ten seconds each
	@for p in $$($(GO) list ./...); do \
		for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
			$(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime 10s $$p || exit 1; \
		done; \
	done

completions: build ## write the shells' completions into bin/completions
	@mkdir -p bin/completions
	bin/brownout completion bash >bin/completions/brownout.bash
	bin/brownout completion zsh >bin/completions/_brownout
	bin/brownout completion fish >bin/completions/brownout.fish

# Of every system that is released for: some modules are linked in on one only.
notices: ## collect the licences of all that is linked in into bin/NOTICES
	@mkdir -p bin
	@for os in linux darwin; do \
		GOOS=$$os $(GO) list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./cmd/brownout || exit 1; \
	done | sort -u | while read -r module version dir; do \
		printf '\n==== %s %s\n' "$$module" "$$version"; \
		find "$$dir" -maxdepth 1 -type f \( -iname 'licen[cs]e*' -o -iname 'copying*' -o -iname 'notice*' \) -exec cat {} + | \
			grep '' || { echo "$$module has no licence" >&2; exit 1; }; \
	done >bin/NOTICES
	@printf '\n==== Go %s\n' "$$($(GO) env GOVERSION)" >>bin/NOTICES && cat "$$($(GO) env GOROOT)/LICENSE" >>bin/NOTICES

# They are big to compile, and what they look at changes seldom. GoReleaser takes
# where releases go from the remote, and finds fault with a repository without one.
release-check: ## look at what makes releases and workflows, with GoReleaser and actionlint
	@git remote | grep -q . || export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=remote.origin.url GIT_CONFIG_VALUE_0=https://example.org/brownout/brownout; \
	$(GO) run github.com/goreleaser/goreleaser/v2@v2.15.1 check
	$(GO) run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

clean: ## remove what the other commands made
	rm -rf bin dist .brownout test/js/node_modules

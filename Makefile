# Relais. `make test` needs Go alone; the rest says what it needs.
GO      ?= go
TAGS    ?= nomsgpack
FUZZ    ?= 20000x
BIN     ?= bin/relais
SERVERS ?= $(CURDIR)/bin/servers

# What `make mutate` tries: each room by its own tests, a sample of so many changes.
SAMPLE  ?= 60
SEED    ?= 1
AT      ?= .
RUN     ?=
LEAST   ?= 90
CORE     = ./internal/stream ./internal/seal ./internal/access ./internal/casefile ./internal/blob ./internal/state \
	./internal/format ./ingest ./enrich ./enrich/tag ./search ./search/analysis

.PHONY: build test test-servers test-race mutate faults bench-servers heavy fuzz vet lint layers vuln deploy-check demo bench relevance release clean

build: ## the program, in bin/relais
	CGO_ENABLED=0 $(GO) build -tags $(TAGS) -trimpath $(BUILDFLAGS) -ldflags='$(LDFLAGS)' -o $(BIN) ./cmd/relais

test: ## every test that needs no server
	$(GO) test -tags $(TAGS) ./...

test-servers: ## every suite (or PACKAGES) on real servers, started for it; COUNT=1 asks nothing of Go's cache
	GO='$(GO)' TAGS='$(TAGS)' COUNT='$(COUNT)' .ci/servers $(PACKAGES)

test-race: ## the concurrent rooms, under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -tags $(TAGS) ./internal/stream/... ./internal/blob/... ./internal/seal/... \
		./internal/state/... ./internal/audit/... ./internal/groupcommit ./ingest/... ./enrich ./enrich/tag ./search/... ./api/...

mutate: ## which small changes of the core rooms (or PACKAGES) no test notices: see docs/mutation.md; SAMPLE=0 tries all, AT=cache.go:62 what stands there, RUN=Cache by some tests
	nice -n 10 $(GO) run ./.ci/mutate -tags $(TAGS) -sample $(SAMPLE) -seed $(SEED) -at '$(AT)' -run '$(RUN)' -least $(LEAST) $(or $(PACKAGES),$(CORE))

faults: ## servers of its own stopped, their disks full, a worker cut off: a quarter of an hour; as root; FAULTS=DIR keeps the servers
	RELAIS_TEST_FAULTS=$(or $(FAULTS),$(CURDIR)/bin/faults) $(GO) test -tags $(TAGS) -count=1 -timeout 90m -v \
		-run 'TestServersStopped|TestServersDiskFull|TestWorkerCutOff' ./cmd/relais; code=$$?; \
		[ -n '$(FAULTS)' ] || deploy/testservers down $(CURDIR)/bin/faults; exit $$code

heavy: ## the memory that hundreds of long texts take to ingest, some minutes
	RELAIS_TEST_HEAVY=1 $(GO) test -tags $(TAGS) -count=1 -timeout 60m -v -run 'TestHeavy' ./cmd/relais

fuzz: ## a short fuzz of each parser, so many inputs; FUZZ=5m for a long one (a busy machine may fail a run that time ends)
	@$(GO) list -tags $(TAGS) ./... | while read p; do \
		for f in $$($(GO) test -tags $(TAGS) -list '^Fuzz' $$p 2>/dev/null | grep '^Fuzz'); do \
			echo "$$p $$f"; $(GO) test -tags $(TAGS) -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZ) $$p || exit 1; \
		done; done

vet:
	$(GO) vet -tags $(TAGS) ./...

lint: ## needs golangci-lint
	golangci-lint run

layers: ## which room may import which: .ci/relais.layers
	$(GO) run ./.ci/layers .ci/relais.layers .

vuln: ## needs govulncheck and its database
	.ci/vuln

deploy-check: ## what can be said of deploy/ without running it; needs the tools of .ci/install
	.ci/deploy

demo: ## a made-up departure, in a directory of its own
	$(GO) run -tags $(TAGS) ./cmd/relais demo

bench-servers: build ## a whole ingest of MAILBOX into four real servers, in SERVERS, process by process
	mkdir -p $(SERVERS) && deploy/testservers up $(SERVERS) > $(SERVERS)/env
	deploy/bench $(SERVERS) $(MAILBOX) $(PARTITIONS) $(WORKERS); deploy/testservers down $(SERVERS)

relevance: ## nDCG@10 of the judged sets in RELAIS_CORPUS, beside plain BM25; with RELAIS_TEST_ELASTICSEARCH of both engines
	RELAIS_CORPUS='$(RELAIS_CORPUS)' RELAIS_TEST_ELASTICSEARCH='$(RELAIS_TEST_ELASTICSEARCH)' \
		$(GO) test -tags $(TAGS) -count=1 -v -run 'TestJudged$$|TestRelevance$$' ./search/sqlite ./search/elastic

bench: ## the benchmarks of every room
	$(GO) test -tags $(TAGS) -run '^$$' -bench . -benchmem ./...

release: ## binaries for six platforms, checksums and bills of materials, in dist/
	.ci/release dist

clean:
	rm -rf bin dist

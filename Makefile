SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# A crash ends the program at once instead of waiting for a symbolised backtrace.
export SWIFT_BACKTRACE := enable=no

GRPO := .build/release/grpo
PACKAGES := libsentencepiece-dev pkg-config
SWIFT_FILES = find $(wildcard Package.swift Sources Tests Benchmarks Examples) \
	-name '*.swift' -not -path '*/.build/*' -print0
VENV := .venv-conformance
# Separate packages, like a user's. They share one build of this package.
EXAMPLES := $(addprefix Examples/,Streaming OneStep Embedding OwnObjective)

# Tests wait without a limit. This timeout ends a run that hangs.
TEST := timeout --foreground --signal=INT --kill-after=60 3600 swift test -c release --skip-build
RUNS := 40

.PHONY: help quickstart build test repeat faults lint format docs conformance reference same-bits commands packages

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

quickstart: packages ## build the program, then train and evaluate recipes/quickstart.yaml
	swift build -c release --product grpo
	$(GRPO) run recipes/quickstart.yaml

build: packages ## build the program
	swift build -c release --product grpo

test: packages lint ## lint, build, run every test, a short recipe end to end, the examples
	swift build -c release --build-tests
	$(TEST)
	@for example in $(EXAMPLES); do \
	  echo "swift build --package-path $$example"; \
	  swift build -c release --package-path $$example --scratch-path .build-examples; \
	done
	@directory=$$(mktemp -d); trap 'rm -rf "$$directory"' EXIT; \
	echo '$(GRPO) run recipes/smoke.yaml'; \
	$(GRPO) run recipes/smoke.yaml --output "$$directory/run" | tee "$$directory/summary"; \
	test -s "$$directory/run/model/model.safetensors"; \
	tail -n 1 "$$directory/summary" | grep -q 'grpo ' || \
	  { echo 'error: recipes/smoke.yaml: the last line of the summary names no next command'; exit 1; }; \
	Examples/run.sh .build/release .build-examples/release "$$directory/run/model"

repeat: packages ## run every test RUNS times (40), with LOAD=load on a busy machine
	swift build -c release --build-tests
	Tests/repeat.sh $(RUNS) $(LOAD)

faults: packages ## inject every fault of a plug-in 100 times
	swift build -c release --build-tests
	GRPO_FAULTS=100 swift test -c release --skip-build --no-parallel --filter FaultRepetitionTests

lint: ## check the layout and the rules of every Swift file, and every link of the documents
	$(SWIFT_FILES) | xargs -0 swift format lint --strict --parallel
	python3 -B Conformance/links.py

format: ## format every Swift file
	$(SWIFT_FILES) | xargs -0 swift format --in-place --parallel

# Training depends on every other library. A build of its own, so that the flags rebuild nothing else.
docs: packages ## build the catalogue and the API reference into .build-docs/site; fail on broken links
	python3 -B Conformance/links.py
	swift build --target Training --scratch-path .build-docs \
	  $(addprefix -Xswiftc ,-emit-symbol-graph -emit-extension-block-symbols \
	    -emit-symbol-graph-dir $(CURDIR)/.build-docs/symbol-graphs)
	python3 -B Conformance/site.py .build-docs/symbol-graphs .build-docs/site

conformance: build $(VENV)/ready $(VENV)/llama.cpp ## compare with the Python tools; MODEL=DIR for a model of your own
	Conformance/run.sh $(GRPO) $(VENV)/bin/python $(MODEL)

reference: build ## write the recipe reference and the schema of recipes from the declaration of the keys
	$(GRPO) recipe keys --markdown > Sources/PolicyOptimization/PolicyOptimization.docc/recipe-reference.md
	$(GRPO) recipe schema > recipes/recipe.schema.json

same-bits: packages ## show that the working tree computes the same bits as BASE=REVISION
	python3 -B Conformance/same_bits.py $(BASE)

commands: build ## run every command of the documents exactly as written
	python3 -B Conformance/commands.py

$(VENV)/ready: Conformance/requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet -r Conformance/requirements.txt
	touch $@

# llama.cpp's converter, from a source distribution; nothing is built.
$(VENV)/llama.cpp: $(VENV)/ready
	$(VENV)/bin/pip download --quiet --no-deps --no-binary llama-cpp-python \
	  --dest $(VENV)/sources llama-cpp-python==0.3.36
	mkdir -p $@
	tar -xzf $(VENV)/sources/llama_cpp_python-0.3.36.tar.gz -C $@ --strip-components=3 \
	  --wildcards '*/vendor/llama.cpp/convert_hf_to_gguf.py' '*/vendor/llama.cpp/conversion' \
	  '*/vendor/llama.cpp/gguf-py'
	touch $@

# Installs missing system packages, or prints the command that does.
packages:
	@if command -v pkg-config >/dev/null && pkg-config --exists sentencepiece; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then sudo=; else sudo='sudo -n'; fi; \
	if command -v apt-get >/dev/null && $$sudo true 2>/dev/null; then \
	  echo 'Installing $(PACKAGES) with apt-get.'; \
	  $$sudo apt-get update -qq; \
	  $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(PACKAGES); \
	else \
	  echo 'error: SentencePiece is missing. Install it and run make again:'; \
	  echo '    sudo apt-get install $(PACKAGES)'; \
	  exit 1; \
	fi >&2

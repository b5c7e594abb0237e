# Two commands do everything on a fresh machine with Python 3.11+: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
REQUIREMENTS := requirements.txt include/gpu_host/requirements.txt include/demo/requirements.txt \
	include/demo/name_models.txt tests/requirements.txt docs/requirements.txt
export AIRFLOW_HOME := $(CURDIR)
export PYTHONPATH := $(CURDIR)
# Airflow starts a process for each task: a machine on which Python keeps no compiled modules compiles cofi in each.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo environment test timings test-unit test-more test-faults mutants advisories bench bench-parts bench-speech bench-redaction bench-first-day bench-prompts bench-pages bench-history pictures reference docs gpu-host up down status plan probe lint format lock scorecard agreement clean help
.DEFAULT_GOAL := help

help:  ## Show what there is
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 17

demo: $(VENV)/installed  ## Audit two days of sample calls on this machine, and print what was found
	@$(BIN)/cofi demo

environment: $(VENV)/installed  ## Make the environment in .venv, and nothing else

up: $(VENV)/installed  ## Start Airflow with two GPU hosts and an LLM endpoint, and leave it running
	@$(BIN)/cofi up

down: $(VENV)/installed  ## Stop what `make up` started
	@$(BIN)/cofi down

status: $(VENV)/installed  ## Show how the stack and the open runs are: DB=… for another database, RUN=… for one run
	@$(BIN)/cofi status $(RUN) $(if $(DB),--db $(DB))

PLAN := FILES AUDIO_S SPREAD HOSTS SPEEDS UPLOAD_S STAGE_S RTF LLM1_S LLM2_S SLOTS REQUESTS_PER_TASK \
	GPU_TASKS_PER_HOST UPLOADS_AT_ONCE UPLOADS_PER_TASK SHARD_AUDIO_S SHARDS_PER_HOST PARALLELISM \
	ROUND_TASK_S START_S STARTS_PER_S FIXED_S
plan: $(VENV)/installed  ## Tell how long a day takes, what holds it up, and what to set: FILES=… HOSTS=… (ARGS=--help for all)
	@$(BIN)/cofi plan $(ARGS) \
		$(foreach name,$(PLAN),$(if $($(name)),--$(shell echo $(name) | tr A-Z_ a-z-)=$($(name))))

PROBE := DAY RECORDER RECORDERS_FOLDER TIMEZONE LIMIT HEAR HOST TOKEN COMPANY
probe: $(VENV)/installed  ## Look at a location of recordings: LOCATION=… [DAY=…] [RECORDER=…] [HEAR=5 HOST=…] (ARGS=--help)
	@$(BIN)/cofi probe $(if $(LOCATION),"$(LOCATION)") $(ARGS) \
		$(foreach name,$(PROBE),$(if $($(name)),--$(shell echo $(name) | tr A-Z_ a-z-) "$($(name))"))

# -rP tells what each cost; all of them, beside an undisturbed day.
FAULT_TESTS = $(BIN)/python -m pytest -rP --show-capture=stdout --count $(or $(TIMES),1) --repeat-scope session \
	$(if $(FAULTS),,--undisturbed) $(foreach name,ROUNDS KILLS SEED ONLY,$(if $($(name)),--$(shell echo $(name) | tr A-Z a-z)=$($(name))))
test-faults: $(VENV)/installed  ## Break everything that can break while calls are audited; 30 minutes (TIMES=10: each so often)
	@# Three at a time, each with an Airflow of its own: a run waits more than it works.
	$(FAULT_TESTS) -n 3 --dist loadfile \
		$(or $(FAULTS),tests/faults --ignore tests/faults/test_llm.py --ignore tests/faults/test_random_kills.py --dist load)
	@# How many requests are in flight is measured, and what a kill costs: they want the machine for themselves.
	$(if $(FAULTS),,$(FAULT_TESTS) -n0 tests/faults/test_llm.py tests/faults/test_random_kills.py)

bench: $(VENV)/installed  ## Measure whole batches beside two other designs, into docs/benchmark.md; hours (ARGS=--quick: less, into var)
	@$(BIN)/python -m tests.benchmarks.batch $(ARGS)

bench-parts: $(VENV)/installed  ## Measure LLM client, LLM operators, memory and discovery; needs an idle machine
	$(BIN)/python -m pytest -s -n0 tests/benchmarks

TESTING := $(BIN)/python -m pytest --dist loadfile --junitxml .pytest_cache/took
test: $(VENV)/installed  ## Check style, types and imports, and run all tests (TESTS=…: these)
	@# What fails soonest comes first; lint is one process, and reads while the tests compute.
	@$(MAKE) --no-print-directory --jobs 2 lint $(if $(TESTS),,test-unit)
	@# Three files side by side, in their order: much of the time a server or a scheduler is waited for.
	$(TESTING)/$(if $(TESTS),some,rest).xml -n 3 --no-loadscope-reorder $(or $(TESTS),-m "not unit")

# A third beside two cores: some tests wait for what they have started.
test-unit: $(VENV)/installed  ## Run the tests that need no server, Airflow, browser, model or process, and are short: a minute or two
	$(TESTING)/unit.xml -n 3 -m unit tests/unit

timings: $(VENV)/installed  ## Tell what the last `make test` took, file by file, in docs/test-timings.md
	@$(BIN)/python -m tests.timings

MORE := tests/integration/s3 tests/integration/fab
test-more: $(VENV)-more/installed  ## Run the tests of object stores, and of the roles of Airflow's FAB auth manager
	$(VENV)-more/bin/python -m pytest -n0 $(or $(TESTS),$(MORE))

lint: $(VENV)/installed  ## Check style, types, imports, what is dangerous in the code, and advisories of the lock
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive dags include plugins
	@$(BIN)/python -m tests.safety.advisories

mutants: $(VENV)/installed  ## Change the most dangerous lines one by one, and see whether a test notices; hours (ARGS="--only llm")
	@$(BIN)/python -m tests.mutation $(ARGS)

advisories: $(VENV)/installed  ## Ask the databases of advisories about the lock; needs the network (`make lint` has a list)
	$(BIN)/pip-audit --strict --disable-pip --require-hashes --requirement requirements.lock


format: $(VENV)/installed  ## Format the code
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

scorecard: $(VENV)/installed  ## Check a scorecard and show what the LLM will be asked: FILE=…, PROMPTS=… for a library
	@$(BIN)/cofi scorecard $(FILE) $(if $(PROMPTS),--prompts $(PROMPTS))

agreement: $(VENV)/installed  ## Compare a scorecard's stored answers with the gold labels: SCORECARD=…, PROMOTE=1 to promote it
	@$(BIN)/cofi agreement $(or $(SCORECARD),service_call) $(if $(DB),--db $(DB)) $(if $(PROMOTE),--promote)

gpu-host: $(VENV)/installed  ## Start a GPU host on this machine: COFI_GPU_HOST_TOKEN=… make gpu-host
	@$(BIN)/cofi gpu-host

bench-speech: $(VENV)/installed  ## Measure the speech stages on the sample calls and on AUDIO=…, into docs/speech.md
	@# PESQ has no wheel: it is measured where it can be compiled.
	@$(BIN)/python -c 'import pesq' 2>/dev/null || $(BIN)/uv pip install --quiet --python $(BIN)/python pesq==0.0.4 || true
	@$(BIN)/python -m tests.benchmarks.speech $(ARGS)

bench-first-day: $(VENV)/installed  ## Measure what a site gets that has loaded nothing, into docs/first-day*.md; needs apt-get and dpkg once
	@$(BIN)/python -m tests.benchmarks.first_day
	@$(BIN)/python -m tests.benchmarks.first_day_calls $(ARGS)

bench-redaction: $(VENV)/installed  ## Measure what redaction finds in labelled calls, and what it leaves, into docs/redaction.md
	@$(BIN)/python -m tests.benchmarks.redaction

bench-prompts: $(VENV)/installed  ## Count the tokens that are sent to the LLM about the sample calls, into docs/prompts.md
	@$(BIN)/python -m tests.benchmarks.prompt_tokens

bench-pages: $(VENV)/installed  ## Measure the pages at a million calls and with 50 people at once, into docs/pages.md
	@$(BIN)/python -m tests.benchmarks.pages $(ARGS)

bench-history: $(VENV)/installed  ## Measure the steps of a night after days and years of history, into docs/history-benchmark.md
	@$(BIN)/python -m tests.benchmarks.history $(ARGS)

pictures: $(VENV)/installed  ## Photograph the pages in a browser, into docs/pages/
	@$(BIN)/python -m tests.benchmarks.pages_pictures

reference: $(VENV)/installed  ## Write docs/reference from the code
	@$(BIN)/python -m tests.reference
	@$(BIN)/python -m include.command_line.reference

docs: $(VENV)/installed  ## Build the documents as a site into var/site; a warning is an error
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

lock: $(VENV)/installed  ## Renew the lock: newest versions that fit the requirements
	$(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 --generate-hashes --no-header \
		--output-file requirements.lock $(REQUIREMENTS)

clean: $(VENV)/installed  ## Delete everything that running has created, audits too: asks first (CLEAN=yes: it does not)
	@if [ "$(CLEAN)" != yes ]; then \
		[ -t 0 ] || { echo "make clean deletes var with all audits and reports: say so with CLEAN=yes." >&2; exit 1; }; \
		printf 'Delete var, with all audits and reports? [y/N] '; read answer; \
		[ "$$answer" = y ] || { echo "Nothing was deleted."; exit 0; }; \
	fi; \
	$(BIN)/cofi down && rm -rf var

# pip installs uv from the lock, and uv the rest: seconds instead of minutes, every hash checked. Then the command
# `cofi`, which refers to this folder and brings nothing with it.
# On a terminal, uv shows how far it is; in a log it would only list each package.
QUIET = $(shell test -t 2 || echo --quiet)
$(VENV)/installed: requirements.lock pyproject.toml
	@echo "Making the environment in $(VENV): some $(shell grep -c '^[a-z].*==' requirements.lock) packages, a few minutes"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "cofi needs Python 3.11 or newer, this is " + sys.version)'
	@$(PYTHON) -m venv $(VENV)
	@awk '/^uv==/ {inside = 1} inside {print; if (!/\\$$/) exit}' requirements.lock > $(VENV)/uv.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock
	@$(BIN)/uv pip sync $(QUIET) --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# The same, with what opens S3 and with FAB: both want an older python-dateutil than the lock has.
OLDER := tests/integration/older_dateutil.txt
$(VENV)-more/installed: $(VENV)/installed $(MORE:=/requirements.txt) $(OLDER)
	@echo "Making the environment in $(VENV)-more"
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(VENV)-more
	@$(BIN)/uv pip install --quiet --python $(VENV)-more/bin/python --override $(OLDER) \
		-r requirements.lock $(foreach part,$(MORE),-r $(part)/requirements.txt)
	@touch $@

# make demo    set everything up and run a campaign against a simulated carrier
# make test    set everything up and run the tests
# make check   every check: ruff, mypy --strict, import-linter and the tests
# make docs    write again what is generated: parts of docs/, and the table of area codes
# make clean   take away what set-up made in this folder

.PHONY: demo test check docs setup setup-dev packages packages-dev clean
ARGS ?=
PYTEST_ARGS ?= -n 3
export VENV ?= .venv

# The build's packages are needed only where the binding is not in the cache yet; asking for them
# always keeps the rule simple, and costs nothing once they are there.
packages:
	@docker/setup packages run build

packages-dev:
	@docker/setup packages run build test

setup: packages
	@docker/setup python

setup-dev: packages-dev
	@docker/setup python dev

demo: setup
	@$(VENV)/bin/dialer demo $(ARGS)

# Many tests are calls in real time, and on a machine that is shared one may starve beside the others. What
# has failed is run once more by itself, has to pass there, and is named in both runs.
test: setup-dev
	$(VENV)/bin/pytest $(PYTEST_ARGS) || $(VENV)/bin/pytest --last-failed --last-failed-no-failures none

check: setup-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/pytest $(PYTEST_ARGS)

docs: setup-dev
	$(VENV)/bin/python -m dialer.documents docs
	$(VENV)/bin/python -m campaigns.compliance.make_area_codes

clean:
	rm -rf .venv *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

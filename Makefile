# The same commands as build/dev.py, for hands that type make.
PYTHON ?= python3

run test check audit bench setup lock package: ## as `python3 build/dev.py <name>`
	$(PYTHON) build/dev.py $@ $(ARGS)

.PHONY: run test check audit bench setup lock package

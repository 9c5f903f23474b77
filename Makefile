# Thin over tools/bootstrap.py, which installs what is missing and runs on every system.
PYTHON ?= $(shell for p in python3 python python3.13 python3.12; do \
	$$p -c "import sys; sys.exit(sys.version_info < (3, 8))" >/dev/null 2>&1 && echo $$p && break; done)
ARGS ?=

COMMANDS := run test bench faults gpu lint fix schemas lock setup

.PHONY: help $(COMMANDS)

help:
	@$(PYTHON) tools/bootstrap.py help

$(COMMANDS):
	@$(PYTHON) tools/bootstrap.py $@ $(ARGS)

"""The whole system, running as `make up` starts it: one for a run of the tests, known to them by its run file alone."""

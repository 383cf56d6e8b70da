"""Every room's tests share the servers of one run (`tests/stack`); some need the whole system (`tests/running`)."""

pytest_plugins = ["tests.stack.fixtures", "tests.running.fixtures"]

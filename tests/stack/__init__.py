"""A real Kafka and PostgreSQL for one run of the tests.

They start when the first test asks for them, serve every worker of the run, and end with it, however it ends: a
guardian process holds them and waits for a lock that the run keeps until it is over, also by a kill.

Which servers: those that the environment names (`IOK_KAFKA_BOOTSTRAP` with its companions, and
`IOK_TEST_DATABASE_URL`, a superuser's address), else containers when `IOK_TEST_STACK=docker`, else the embedded
ones. No test is skipped because a server is missing.
"""

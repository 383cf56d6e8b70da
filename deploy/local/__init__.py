"""The system on one machine: a real Apache Kafka and PostgreSQL without Docker, and every service under a supervisor.

`python -m deploy.local demo` is what `make demo` runs. The rooms:

- `stack`: the order in which things are prepared, started and stopped
- `kafka`, `kafka_jars`, `kafka_access`: the broker, its jars, its topics, users and access lists
- `postgres`, `postgres_access`, `account`: the server, its databases and roles, and how it runs when root starts it
- `supervision`, `keeper`, `run_file`: who restarts what dies, and the file that tells others where everything is
- `environment`, `secret_store`, `ports`, `places`: what the processes are told
"""

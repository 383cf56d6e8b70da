"""Prometheus metrics of every service, under one prefix."""

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

LATENCY_BUCKETS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

HTTP_SECONDS = Histogram(
    "iok_http_request_seconds",
    "Time to answer an HTTP request.",
    ("method", "route", "status"),
    buckets=LATENCY_BUCKETS_SECONDS,
)
OUTBOX_PUBLISHED = Counter("iok_outbox_published_total", "Messages acknowledged by Kafka and taken out of the outbox.")
RELAY_FAILURES = Counter("iok_relay_failures_total", "Times the relay had to start afresh after an error.")
RECORDS_PROJECTED = Counter("iok_records_projected_total", "Records taken by the projection.", ("topic",))
RECORDS_SET_ASIDE = Counter("iok_records_set_aside_total", "Records set aside, by reason.", ("topic", "reason"))
PROJECTION_LAG = Gauge("iok_projection_lag_records", "Records not read yet.", ("topic", "partition"))
PROJECTION_STOPPED = Gauge(
    "iok_projection_stopped", "1 while a partition is stopped and wants an operator.", ("topic", "partition")
)
STALE_BATCHES = Counter("iok_stale_batches_total", "Batches dropped because another projector had moved on.")
OWN_EVENTS_AHEAD = Gauge("iok_own_events_ahead", "Own events on Kafka that the store lacks.")
EVENTS_APPENDED = Counter("iok_events_appended_total", "Events recorded in the event store.", ("type",))


def exposition() -> tuple[bytes, str]:
    """All metrics in Prometheus' text format, and its content type."""
    return generate_latest(), CONTENT_TYPE_LATEST

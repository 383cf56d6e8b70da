"""Tests on real Kafka and PostgreSQL that concern more than one room."""

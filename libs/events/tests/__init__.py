"""Tests of the events' language, and `bad_records`, which system tests send through a real broker."""

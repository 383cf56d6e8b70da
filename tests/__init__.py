"""Tests of the whole system, and what the tests of all rooms share."""

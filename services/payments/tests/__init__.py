"""Tests of the payments service, one file per room."""

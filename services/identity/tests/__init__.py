"""Tests of identity, by room."""

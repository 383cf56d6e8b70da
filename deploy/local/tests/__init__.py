"""Tests of the local stack's rooms."""

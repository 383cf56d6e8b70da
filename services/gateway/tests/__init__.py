"""Tests of the gateway, against small real services on this machine."""

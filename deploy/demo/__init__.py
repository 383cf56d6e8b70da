"""The demo company: an invented TBS whose export is generated from a seed and loaded as an operator would load it."""

"""A deterministic simulation of the stream: real decide, decode and fold between a simulated broker and store.

Chance is drawn from a seed, so a failing seed replays. `python -m tests.simulation --help` says how to run it.
"""

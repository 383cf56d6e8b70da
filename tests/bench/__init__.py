"""The measurements: `make bench` prints each figure of docs/performance.md beside its limit of the same minute.

Nothing here is a test, and no test asserts a time. A new measure: a file with its bars and a function that prepares it
and gives what one round does, and a line in `measures.py`.
"""

"""Drills: what is lost on the running system comes back by operators' commands alone, and is proven to be the same."""

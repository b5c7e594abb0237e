"""Looks at a location before anything is set up: what a run would find there, and what to set.

`python -m include.probe LOCATION` (`make probe LOCATION=…`) prints it; `looking.look` returns it.
"""

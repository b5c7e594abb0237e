"""Looks at a location before anything is set up: what a run would find there, and what to set.

`cofi probe LOCATION` prints it; `looking.look` returns it.
"""

"""Finds out who is heard on which channel (agent, customer, machine) by what is said and played on each.

It does so where neither manifest, sidecar, recorder nor setting states the roles.
"""

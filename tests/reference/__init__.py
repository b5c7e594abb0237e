"""The documents' reference, written from the code: settings, tables, scorecards, webhooks, HTTP of GPU hosts.

`make reference` writes `docs/reference/`; a test holds what is committed against what would be written.
"""

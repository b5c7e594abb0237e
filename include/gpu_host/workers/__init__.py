"""Processes that do the work: one per device, replaced when it crashes."""

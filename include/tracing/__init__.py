"""Traces: what was asked of whom, and how long it took, as OpenTelemetry has it.

Whoever runs the code decides whether anything is recorded: without a provider of traces, as in tests and on a
site that has not switched them on, all of this does nothing and no header is sent.
"""

"""Alerts: messages that people get at once, and understand without reading a log.

The package imports neither Airflow nor the code of a run.
"""

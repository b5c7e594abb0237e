"""Airflow's home comes first: Airflow reads it when it is imported."""

import tests.airflow_home  # noqa: F401

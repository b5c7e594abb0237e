"""Airflow glue of cofi: hooks, operators, settings, UI. Business rules live in `include`."""

"""Hooks: Airflow connections become cofi's clients."""

"""What people are told at once, in words that need no log: it knows neither Airflow nor how a run works."""

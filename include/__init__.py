"""cofi without Airflow: everything that audits a call, importable on a GPU host and in plain tests."""

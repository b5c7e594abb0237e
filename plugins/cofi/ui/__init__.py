"""What cofi adds to Airflow's pages."""

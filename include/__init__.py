"""cofi without Airflow: everything that audits a call, importable on a GPU host and in plain tests."""

# The version of cofi, in one place: the package, `cofi --version`, GPU hosts and reports read it here.
__version__ = "0.1.0"

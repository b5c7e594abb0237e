"""Adds users to FAB: `python -m tests.integration.fab.people '{"ana": "Analyst"}' PASSWORD`.

All in one process: `airflow users create` takes ten seconds for each.
"""

import json
import sys

from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

people, password = json.loads(sys.argv[1]), sys.argv[2]
with get_application_builder() as builder:
    for name, role in people.items():
        found = builder.sm.find_role(role)
        assert builder.sm.add_user(name, name, name, f"{name}@localhost", found, password), name

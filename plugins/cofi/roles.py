"""Roles for Airflow's FAB auth manager that carry the rights on calls. `cofi roles` runs it.

FAB knows no resource of ours before somebody makes it, and its own commands make none.
"""

import sys

from airflow.api_fastapi.app import get_auth_manager_cls
from pydantic_core import to_json

from include.access.rights import METHODS, ROLES
from include.errors import CofiError, InvalidInput

FAB = "FabAuthManager"
# By role of ours, its name in FAB. FAB has an Admin, with every right, and Op for engineers, with none.
NAMES = {"agent": "Agent", "reader": "Reader", "analyst": "Analyst", "compliance": "Compliance"}
_ACTIONS = {"GET": "can_read", "POST": "can_create"}
Permission = tuple[str, str]
# To enter, to change one's password, and to be shown the pages of plugins.
_ENTRANCE: tuple[Permission, ...] = (
    ("can_read", "Website"),
    ("can_read", "My Profile"),
    ("can_read", "My Password"),
    ("can_edit", "My Password"),
    ("can_read", "Plugins"),
)
# Airflow's own record of who did what.
_AUDIT_LOG: tuple[Permission, ...] = (("can_read", "Audit Logs"), ("menu_access", "Audit Logs"))


def permissions(role: str, viewers: list[Permission]) -> list[Permission]:
    """What a role may, as pairs of FAB's action and resource.

    Args:
        role: One of `NAMES`.
        viewers: What FAB's Viewer may: see DAGs, runs and logs, which are no business of an agent.
    """
    rights = [(_ACTIONS[METHODS[right]], right.value) for right in sorted(ROLES[role])]
    seen = [] if role == "agent" else viewers
    return [*_ENTRANCE, *seen, *rights, *(_AUDIT_LOG if role == "compliance" else ())]


def make() -> dict[str, list[Permission]]:
    """Makes the roles, or adds to them what they lack; what somebody gave them beside it stays.

    Returns:
        By role, what it may at least.

    Raises:
        InvalidInput: Another auth manager is set.
    """
    manager = get_auth_manager_cls().__name__
    if manager != FAB:
        raise InvalidInput(
            f"The auth manager here is {manager}, and these roles are for FAB: set [core] auth_manager and "
            "install it (docs/roles.md). With the simple one, [cofi] people gives each their role."
        )
    # Not in the lock: only who sets this auth manager has it.
    from airflow.providers.fab.auth_manager.cli_commands.utils import (  # noqa: PLC0415
        get_application_builder,
    )

    with get_application_builder() as builder:
        security = builder.sm
        viewers = [(p.action.name, p.resource.name) for p in security.find_role("Viewer").permissions]
        made = {NAMES[role]: permissions(role, viewers) for role in NAMES}
        everything = [right for name in made for right in made[name]]
        wanted = {**made, "Admin": everything}
        security.bulk_sync_roles([{"role": name, "perms": wanted[name]} for name in wanted])
    return made


def main() -> int:
    """Makes them, and prints what each may do with calls."""
    try:
        made = make()
    except CofiError as error:
        print(error, file=sys.stderr)
        return 1
    rights = {name: sorted({r for _, r in made[name] if r.startswith("Calls: ")}) for name in made}
    if "--json" in sys.argv[1:]:
        print(to_json(rights).decode())
        return 0
    for name, may in rights.items():
        print(f"{name:<11} {', '.join(right.removeprefix('Calls: ') for right in may)}")
    print("Give them with: cofi airflow users create --role Analyst --username … --email … …")
    return 0


if __name__ == "__main__":
    sys.exit(main())

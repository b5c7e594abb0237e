"""Those blocks of README and docs that want a running stack, typed beside the one of these tests."""

import subprocess
from pathlib import Path

import pytest

from tests.documents import ON_THE_STACK, Block, blocks, typed_lines
from tests.integration.conftest import Running
from tests.unit.docs.test_commands import environment_of

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]
BLOCKS = [block for block in blocks() if block.mark == ON_THE_STACK]


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_runs_as_it_is_written(block: Block, running: Running, tmp_path: Path) -> None:
    home = running.stack.home
    for line in typed_lines(block.text):
        done = subprocess.run(
            ["bash", "-ec", line],
            cwd=home,
            env=environment_of(home, tmp_path),
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        assert done.returncode == 0, f"{block.file}: {line}\n{done.stdout}{done.stderr}"
    assert not (tmp_path / "airflow").exists(), "a new ~/airflow was made"

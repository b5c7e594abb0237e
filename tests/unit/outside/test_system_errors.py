"""What the system refuses is a sentence with a mend, and no number of an error."""

import errno
import re
import socket
from pathlib import Path

import pytest
import requests

from include.outside.system_errors import _SENTENCES, sentence_of, why_unreadable


@pytest.mark.parametrize("number", sorted(_SENTENCES))
def test_each_has_its_sentence(number: int) -> None:
    told = sentence_of(OSError(number, "what it says", "/srv/{x}/calls"))
    assert re.fullmatch(r"[A-Z/].*\.", told)
    assert "Errno" not in told and str(number) not in told


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (FileNotFoundError(errno.ENOENT, "no", "/a"), "There is no /a: correct the path, or make it."),
        (OSError(errno.ENOSPC, "full"), "The disk of what was to be read or written is full"),
        (OSError(errno.EIO, "Input/output error", "/a"), "/a: Input/output error."),
        (OSError("only words"), "only words"),
        (socket.gaierror(-2, "Name or service not known"), "That is no address of a machine (Name or"),
        (requests.ConnectionError("nobody answers"), "nobody answers"),
        (OSError(errno.ENAMETOOLONG, "no", "x" * 5000), "…"),
    ],
)
def test_all_others_say_what_the_system_said(error: OSError, told: str) -> None:
    assert told in sentence_of(error)
    assert len(sentence_of(error)) < 300


def test_text_of_another_encoding_is_told_as_that(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff\xfe")
    with pytest.raises(UnicodeDecodeError) as refused:
        (tmp_path / "x").read_text(encoding="utf-8")
    assert why_unreadable(refused.value) == "it is no text in UTF-8: save it as such."
    assert why_unreadable(ValueError("odd")) == "odd"

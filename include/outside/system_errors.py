"""What the operating system refuses, as a sentence that says the mend."""

import errno
import socket

_SENTENCES = {
    errno.ENOENT: "There is no {name}: correct the path, or make it.",
    errno.ENOTDIR: "{name} cannot be: a file stands on its path where a folder should.",
    errno.EISDIR: "{name} is a folder: name a file.",
    errno.EEXIST: "{name} is there already: name another, or remove it.",
    errno.EACCES: "{name} is closed to this user: let them in (chmod, chown), or be another user.",
    errno.EPERM: "{name} is closed to this user: let them in (chmod, chown), or be another user.",
    errno.EROFS: "{name} lies where nothing can be written: name another place.",
    errno.ENOSPC: "The disk of {name} is full: make room, or name another place.",
    errno.EDQUOT: "This user has no more room for {name}: make room, or name another place.",
    errno.ENAMETOOLONG: "{name} is too long for a name: name another.",
    errno.ELOOP: "{name} leads round in a circle of links: correct the link.",
    errno.EMFILE: "Too many files are open: raise the limit (ulimit -n).",
    errno.EADDRINUSE: "Something else listens on that port: take another, or end it ({what}).",
    errno.EADDRNOTAVAIL: "This machine has no such address: take its own, like 127.0.0.1 ({what}).",
    errno.ECONNREFUSED: "Nothing answers there ({what}): start it, or correct the address.",
}
_LONGEST = 200


def why_unreadable(error: Exception) -> str:
    """Why a file could not be read: what the system refused, or what its text is not."""
    if isinstance(error, OSError):
        return sentence_of(error)
    if isinstance(error, UnicodeDecodeError):
        return "it is no text in UTF-8: save it as such."
    return str(error)


def sentence_of(error: OSError) -> str:
    """What happened, to which file or address, and what to do."""
    name = _shortened(str(error.filename)) if error.filename is not None else "what was to be read or written"
    what = error.strerror or type(error).__name__
    if isinstance(error, socket.gaierror):
        return f"That is no address of a machine ({what}): correct it."
    known = _SENTENCES.get(error.errno or 0)
    if known:
        return known.format(name=name, what=what)
    return f"{name}: {what}." if error.strerror else str(error)


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"

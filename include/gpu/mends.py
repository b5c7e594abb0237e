"""What to do about an answer that is not a GPU host's own, or that it gives to everybody."""

from include.gpu.reading import Answer

NOT_HTTP = "something else than a GPU host answers at its address: check host and port of its connection"
_TOKEN = "set its token as the password of connection {host}"  # noqa: S105
_PROXY_CREDENTIALS = (
    "a proxy before it lets nobody through: let cofi's workers pass, or set what it wants as the password of "
    "connection {host}"
)
_ADDRESS = "check host, port and path of connection {host}, and the route of a proxy before it"
_MENDS = {
    401: _PROXY_CREDENTIALS,
    403: _PROXY_CREDENTIALS,
    407: _PROXY_CREDENTIALS,
    408: "raise the time that a proxy before it gives a request (nginx: client_body_timeout)",
    413: "raise the size that a proxy before it lets through (nginx: client_max_body_size)",
    417: "a proxy before it must let 'Expect: 100-continue' through",
    425: "switch off early data (TLS 0-RTT) at a proxy before it",
    502: "a gateway answers and does not reach the host behind it: start the host, or mend the route",
    504: (
        "a gateway answers and gave up waiting for the host behind it: raise its time to [cofi] "
        "gpu_stage_timeout_s (nginx: proxy_read_timeout), or start the host"
    ),
}


def mend(answer: Answer, host: str) -> str:
    """What a person is to do.

    Args:
        answer: Not what the contract grants.
        host: Its connection.
    """
    status = answer.status
    if answer.problem and status in {401, 403}:
        how = _TOKEN
    elif answer.problem and status in {400, 411, 422}:
        how = "its version and cofi's do not fit: run the same version on both"
    elif 300 <= status < 400:
        how = f"it sends elsewhere ({_place(answer)}), which is not followed: {_ADDRESS}"
    elif status < 300:
        how = NOT_HTTP
    else:
        how = _MENDS.get(status, _ADDRESS)
    return how.format(host=host) + "."


def _place(answer: Answer) -> str:
    """Without what a URL may hold in secret, and braces, which would be filled in."""
    place = answer.headers.get("Location", "").partition("?")[0].rpartition("@")[2]
    return "".join(char for char in place if char.isprintable() and char not in "{}")[:100] or "nowhere"

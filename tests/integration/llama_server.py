"""llama.cpp's server, in a process of its own: `python -m tests.integration.llama_server MODEL PORT`."""

import sys
import threading

import xllamacpp

# LLM2's prompt and its answer; two requests at once.
_CONTEXT_TOKENS = 2 * 8192


def main(model: str, port: int) -> None:
    """Serves until it is ended."""
    settings = xllamacpp.CommonParams()
    settings.model.path = model
    settings.hostnames = ["127.0.0.1"]
    settings.port = port
    settings.n_ctx = _CONTEXT_TOKENS
    settings.n_parallel = 2
    # More would wait for each other where other tests run at the same time.
    settings.cpuparams.n_threads = 1
    # Without it, so small a model says the same again until it is cut off.
    settings.sampling.penalty_freq = 0.3
    settings.sampling.penalty_last_n = 512
    server = xllamacpp.Server(settings)
    threading.Event().wait()
    del server


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

"""Starts the endpoint: `python -m include.demo.llm_endpoint --port 8100`."""

import argparse
import os

from aiohttp import web

from include.demo.llm_endpoint.server import Endpoint, EndpointSettings

TOKEN_VARIABLE = "COFI_DEMO_LLM_TOKEN"  # noqa: S105 - the variable's name


def main(arguments: list[str] | None = None) -> None:
    """Serves until it is stopped."""
    parser = argparse.ArgumentParser(
        prog="python -m include.demo.llm_endpoint",
        description="Rule-based, OpenAI-compatible endpoint for cofi's demo.",
        epilog=f"With {TOKEN_VARIABLE} set, requests must carry it as bearer token.",
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--latency-s", type=float, default=0.0, help="wait before every answer")
    chosen = parser.parse_args(arguments)
    settings = EndpointSettings(latency_s=chosen.latency_s, token=os.environ.get(TOKEN_VARIABLE, ""))
    web.run_app(Endpoint(settings).app, host=chosen.host, port=chosen.port, access_log=None)


if __name__ == "__main__":
    main()

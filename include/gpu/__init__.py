"""The client's side of a GPU host: wire protocol and async client."""

"""What the embedded demo needs: sample calls, a local LLM endpoint, and the processes that serve them."""

"""A local OpenAI-compatible endpoint, so that cofi runs without an external LLM: rules instead of a model.

It reads the transcript out of the prompt as any model would, and answers by wording: its own hints for
the criteria of the shipped scorecard, word lists for LLM1, English and Spanish. It knows nothing about the
sample calls, understands nothing, and says in every answer that it is rule-based.

    python -m include.demo.llm_endpoint --port 8100 [--host 127.0.0.1] [--latency-s 0.2]
"""

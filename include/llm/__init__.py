"""The two LLM stages: client, limiter, understanding (llm1), audit (llm2), prompts."""

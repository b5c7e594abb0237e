"""Counts the tokens that are sent to the LLM."""

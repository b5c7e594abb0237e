"""Operators: one for distribution, one for the GPU stages, one for the LLM stages, one for the report."""

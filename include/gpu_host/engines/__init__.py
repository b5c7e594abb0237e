"""Pluggable engines of the four speech stages."""

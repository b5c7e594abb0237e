"""Models: one small class each, behind `protocol.py`."""

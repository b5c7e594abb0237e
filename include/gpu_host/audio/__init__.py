"""Recordings: decoding, samples, voice activity, spans of time."""

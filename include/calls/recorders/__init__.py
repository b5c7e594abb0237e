"""Recorders: where each platform lays its recordings, and what their paths, sidecars and channels mean.

A recorder is a YAML file: those of this folder are shipped, others lie in `[cofi] recorders_folder`. They are
read into `profile.Recorder`; the other modules are what it is asked about a day's files.
"""

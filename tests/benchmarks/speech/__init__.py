"""`python -m tests.benchmarks.speech`: how well and how fast the GPU host works, measured on real audio."""

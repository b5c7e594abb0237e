"""Telling the people on one channel apart: voices by embeddings and clustering, word by word."""

"""Listening copies: recordings as a browser plays them, silent where card data is said or keyed.

A browser plays no G.711, GSM or AMR, seeks badly in what has no index, and must not get what nobody may hear.
So every call that is listened to is decoded once into 16-bit PCM, kept in a folder of bounded size.
"""

"""Audio files as they lie on a disk: what they are, and what they say of themselves. Nothing is decoded.

Discovery and the reference GPU host read them by the same code: what the one lets pass, the other hears.
"""

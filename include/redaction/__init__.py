"""Private data, replaced by typed tokens before a transcript leaves for an external LLM, and put back after.

`redacting.py` is the way in. The others find a kind each: names, places, e-mails, numbers, births, passcodes.
"""

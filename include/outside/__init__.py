"""The boundary for what comes from outside: whatever a peer sends, a value or one known error comes of it.

`text` cleans strings, `times` reads waits, `jsons` parses, `bodies` reads an answer up to a limit. Clients of
LLM APIs, GPU hosts and webhook receivers read through it, so that no text reaches the database, a log or a
request that one of them cannot take.
"""

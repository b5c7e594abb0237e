"""LLM providers by name: a file of facts for each, and the three kinds of API that they speak.

`profile` reads the files, `dialect` brings a schema into a provider's form, `chat`, `messages` and `generate`
write requests and read answers, `outcomes` tells what an answer means.
"""

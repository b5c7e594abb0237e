"""How people say things and recognisers write them: folded text, numbers, and words that change a meaning.

One reading for everybody who matches words: card data, redaction, evidence, metrics and the benchmarks.
"""

"""What a search finds, as a file that others can open.

rows       a call as a flat row: what is known, the score, each criterion's answer
writing    rows as CSV, XLSX or JSON
"""

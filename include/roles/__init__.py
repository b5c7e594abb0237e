"""Who is heard on which channel, where nobody has told: by what is said and played on each of them."""

"""A long history of calls in cofi's database, and what is asked of it."""

"""What the pages about calls show, read from the database: lists of calls, and all that is known of one.

Every list is read by the place where it goes on (keyset pagination), so that a page costs the same at the
beginning and at the end of a million calls.
"""

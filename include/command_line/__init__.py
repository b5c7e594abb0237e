"""The command `cofi`: everything that a person types, in one place."""

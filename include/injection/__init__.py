"""Words that are said to the model that reads a transcript, and not to the other side of the line."""

"""A batch, measured: the document's own design, a task for each file and stage, and cofi, on equal hosts."""

"""Takes payment card data out of what versions before 0006 have stored: rows, reports, and deleted bytes."""

"""What the pages answer, a module for each kind of page.

Each has a `router`; `cofi.ui.app` includes them all, and lets nobody in who is not signed in.
"""

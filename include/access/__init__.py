"""Who may see and hear which calls, and the record of who did."""

"""The capacity planner: how long a day will take, what holds it up, and what would make it faster."""

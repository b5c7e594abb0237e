"""Which host gets which calls (the planner, pure), and how a stage works through them (the lane)."""

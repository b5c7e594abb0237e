"""Which host gets which calls: the shard planner. Pure."""

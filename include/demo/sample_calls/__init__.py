"""Two days of a fictional contact centre: the scripts of its calls, and what turns them into recordings."""

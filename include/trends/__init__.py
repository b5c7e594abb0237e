"""Scores and answers over weeks, by agent, team, queue, language and criterion.

    dimensions   what calls are grouped by
    met          when an answer is met, not met or unknown
    counting     counts a day's official scores and answers once, when they change
    intervals    what a figure of few calls is worth
    reading      weeks of them, with intervals and what changed
    criteria     how often each is met: by week, and by group
    kept_back    the same for whoever answers some of the calls blind: without them
    coaching     an agent's weak criteria, with calls that show them
    charts       the same as pictures

Nobody is ranked by few calls: below `reading.FEWEST_CALLS` a group is listed apart, with its count.
"""

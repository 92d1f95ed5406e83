"""Two runs, or two sets of repeats, side by side: is the new one slower, and is that more than noise?

A change counts when the whole interval of the factor by which a figure differs lies beyond the tolerance. How
the interval comes about is said in `statistics.resampling` (one run on each side) and `statistics.repeats`
(more). Runs that are not alike are not compared unless that is asked for (`unlike`).
"""

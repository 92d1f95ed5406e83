"""Questions that a scenario may ask of a whole run (`evaluations` of a workload).

knee.py    which rate was sustained, when the rate was raised in steps
drift.py   whether memory or latency crept up, when the rate stayed the same
trend.py   a slope with its interval, in the presence of noise
"""

"""How the rate changes while files are offered.

model.py  what a workload says about it, as data
curve.py  what it means: when the n-th file is expected
"""

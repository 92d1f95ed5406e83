"""What a pipeline costs on AWS: list prices as data, quantities by template and route, and plain arithmetic.

No AWS API is asked. What is not known is named instead of left out; what depends on load is set high rather
than low.
"""

"""The engine `aws`: a real account, in which nothing is made before its owner has allowed it by name, has
seen what it costs, and has said yes.
"""

"""Evidence about a million files in a third of the memory of as many objects.

Almost every file has one ordinary row and one ordinary version. These are kept as a few bytes each and become
objects when they are looked at; whatever else there is stays an object.
"""

"""Following every file to its end, and proving that none was lost, duplicated or corrupted.

Terms: the *ledger* is what the generator says that it sent; *evidence* is what the stack holds (table rows,
versions in the buckets, messages in the queues); *settling* joins the two into one record per file.
"""

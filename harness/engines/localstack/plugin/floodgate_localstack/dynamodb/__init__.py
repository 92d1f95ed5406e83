"""DynamoDB for LocalStack without the Java server.

LocalStack's own provider starts Amazon's DynamoDB Local, which needs a Java runtime. This one keeps the
tables in moto's in-memory model, inside the LocalStack process, and adds what moto lacks under load:

    locks.py         one lock per table: moto has none, so that two racing conditional puts could both win
    storage.py       tables whose items stay in key order, so that a page of a scan costs a page, not a table
    handler.py       moto's operations on the request body as it came
    reads.py         Scan and the rows of a Query, without copies
    partiql.py       INSERT, UPDATE and DELETE statements, parsed once per text
    partiql_terms.py tokens and values of such statements
    statements.py    what those statements do, with AWS's error for each statement of a batch
    expressions.py   the usual update and condition expressions, read once per text
    updates.py       updates by such expressions, without moto
    views.py         a backend that shows only some rows
    transactions.py  TransactWriteItems on the rows it names; moto copies every table of the account first
    provider.py      the LocalStack side: request in, raw JSON answer out

Selected by `PROVIDER_OVERRIDE_DYNAMODB=floodgate`. Not done: streams (they need LocalStack's own provider),
expiry of items by TTL (AWS takes up to days), and consumed capacity that means anything.
"""

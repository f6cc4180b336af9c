"""Validates files by an XML Schema 1.0 processor that is not ours: the package xmlschema.

The first argument is the schema. Names of files come on the standard input, one a line; for
each a line is printed: 1 if it is valid, else 0 and the reason.
"""

import sys

import xmlschema

schema = xmlschema.XMLSchema10(sys.argv[1], allow="local")
for line in sys.stdin:
    error = next(schema.iter_errors(xmlschema.XMLResource(line.rstrip("\n"), allow="local")), None)
    reason = "" if error is None else " ".join(str(error.reason or error.message).split())[:200]
    print("1" if error is None else f"0 {reason}", flush=True)

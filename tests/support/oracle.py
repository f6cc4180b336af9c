"""Validates files by an XML Schema 1.0 processor that is not ours: the package xmlschema.

The first argument is the schema. Names of files come on the standard input, one a line; for
each a line is printed: 1 if it is valid, else 0 and the reason.
"""

import sys

import xmlschema


def first_error(schema, name):
    try:
        source = xmlschema.XMLResource(name, allow="local")
        error = next(schema.iter_errors(source), None)
        return None if error is None else error.reason or error.message
    # What is not well-formed, and a few things that it has no error for: a type that is not
    # declared, named by xsi:type.
    except Exception as error:
        return f"{type(error).__name__}: {error}"


schema = xmlschema.XMLSchema10(sys.argv[1], allow="local")
for line in sys.stdin:
    reason = first_error(schema, line.rstrip("\n"))
    print("1" if reason is None else "0 " + " ".join(reason.split())[:200], flush=True)

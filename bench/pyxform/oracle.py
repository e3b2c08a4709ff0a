"""Answers what pyxform makes of a form: JSON lines in, JSON lines out.

in   {"name": form name, "text": the form, "type": ".md" or ".csv"}
out  {"xml": XForm} or {"error": message} (the form is at fault)
     or {"crash": exception} (pyxform is)
"""

import json
import sys

from pyxform.errors import PyXFormError
from pyxform.xls2xform import convert


def answer(question):
    try:
        result = convert(
            xlsform=question["text"].encode("utf-8"),
            form_name=question["name"],
            pretty_print=True,
            file_type=question["type"],
        )
    except PyXFormError as error:
        return {"error": str(error)}
    except Exception as error:  # noqa: BLE001
        return {"crash": f"{type(error).__name__}: {error}"}
    return {"xml": result.xform}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)

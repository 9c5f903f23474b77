"""Write resources/schemas/*.json from the types; with --check only say whether they are current.

In: the types. Out: one JSON Schema (2020-12) for each value that is written to disk or printed.
"""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.audio.recipe import Recipe  # noqa: E402 - the path comes first
from core.cli.documents import DOCUMENTS  # noqa: E402
from core.documents import json_schema  # noqa: E402
from core.jobs.model import JobEvent, JobView  # noqa: E402
from core.library.project import Project  # noqa: E402
from core.render.plan import RenderPlan  # noqa: E402
from core.scenes.model import Scene  # noqa: E402

FOLDER = ROOT / "resources" / "schemas"
VALUES: dict[str, Any] = {
    "Project": Project,
    "Recipe": Recipe,
    "Scene": Scene,
    "RenderPlan": RenderPlan,
    "JobView": JobView,
    "JobEvent": JobEvent,
}
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def document_schema(name: str, payload: Any) -> dict[str, Any]:  # noqa: ANN401 - any type
    """Return the schema of what `--json` prints under `name`."""
    inner = json_schema(payload)
    definitions = inner.pop("$defs", {})
    schema: dict[str, Any] = {
        "$schema": DIALECT,
        "title": f"cymatic.{name}/1",
        "type": "object",
        "properties": {"schema": {"const": f"cymatic.{name}/1"}, name: inner},
        "required": ["schema", name],
        "additionalProperties": False,
    }
    return schema | ({"$defs": definitions} if definitions else {})


def all_schemas() -> dict[str, str]:
    """Return the text of every schema file by its name."""
    schemas = {f"{name}.json": {"$schema": DIALECT} | json_schema(t) for name, t in VALUES.items()}
    for name, payload in DOCUMENTS.items():
        schemas[f"cymatic.{name}.json"] = document_schema(name, payload)
    return {
        name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for name, schema in sorted(schemas.items())
    }


def stale_files() -> list[str]:
    """Return the names of files that differ from the types, are missing, or are left over."""
    wanted = all_schemas()
    present = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    return sorted(n for n in wanted.keys() | present.keys() if wanted.get(n) != present.get(n))


def main(arguments: list[str]) -> int:
    """Write what is stale, or with --check report it."""
    stale = stale_files()
    if "--check" in arguments:
        print("\n".join(stale))
        return 1 if stale else 0
    wanted = all_schemas()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in stale:
        if name in wanted:
            (FOLDER / name).write_text(wanted[name], encoding="utf-8")
        else:
            (FOLDER / name).unlink()
    print(f"{len(stale)} of {len(wanted)} schemas written.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

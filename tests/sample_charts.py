"""Charts for tests, packaged in memory."""

import base64
import gzip
import io
import json
import tarfile
from collections.abc import Mapping

CONFIG_MAP = """apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  values: {{ toJson .Values | quote }}
"""

SCHEMA = {
    "type": "object",
    "properties": {"replicas": {"type": "integer", "minimum": 0}, "name": {"type": "string"}},
}


def chart_files(
    name: str = "web", version: str = "1.0.0", *, values: str = "replicas: 1\n", schema: object = None
) -> dict[str, str]:
    """A chart of one ConfigMap that holds the values; more files can be added to what this gives."""
    files = {
        "Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\nappVersion: '2.0'\ndescription: A test.\n",
        "values.yaml": values,
        "templates/config.yaml": CONFIG_MAP,
        "README.md": f"# {name}\n",
    }
    if schema is not None:
        files["values.schema.json"] = json.dumps(schema)
    return files


def archive(files: Mapping[str, str], root: str = "web") -> bytes:
    """A packaged chart; the same bytes for the same files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path, text in files.items():
            content = text.encode()
            entry = tarfile.TarInfo(f"{root}/{path}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


def packaged(name: str = "web", version: str = "1.0.0", *, values: str = "replicas: 1\n", schema: object = None) -> str:
    """A packaged chart in base64, as `uploadChart` takes it."""
    files = chart_files(name, version, values=values, schema=schema)
    return base64.b64encode(archive(files, root=name)).decode()

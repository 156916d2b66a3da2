"""Generates docs/reference/settings.md from the settings."""

from pydantic_core import PydanticUndefined

from app.core.settings import Settings

_HEAD = """# Settings

Each setting is an environment variable. `polyhelm settings` prints this page.

| Variable | Default | Meaning |
| --- | --- | --- |
"""
_DEFAULTS = {"data_dir": "`~/.local/share/polyhelm`", "helm_concurrency": "four for each CPU"}


def settings_page() -> str:
    rows = []
    for name, field in Settings.model_fields.items():
        default = _DEFAULTS.get(name)
        if default is None:
            unset = field.default in (None, PydanticUndefined, "", {}, [])
            default = (
                "" if unset else f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"
            )
        rows.append(f"| `POLYHELM_{name.upper()}` | {default} | {field.description} |\n")
    return _HEAD + "".join(rows)

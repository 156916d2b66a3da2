"""Generates docs/reference/settings.md from the settings."""

from pydantic.fields import FieldInfo

from app.core.settings.charts import ChartSettings
from app.core.settings.deployments import DeploymentSettings
from app.core.settings.documents import DocumentSettings
from app.core.settings.group import SettingsGroup
from app.core.settings.identity import IdentitySettings
from app.core.settings.installation import InstallationSettings
from app.core.settings.server import ServerSettings

_HEAD = """# Settings

Each setting is an environment variable. `polyhelm settings` prints this page.
"""
_TABLE = """
## {title}

| Variable | Default | Meaning |
| --- | --- | --- |
"""
_GROUPS: dict[str, type[SettingsGroup]] = {
    "Installation": InstallationSettings,
    "Server": ServerSettings,
    "GraphQL documents": DocumentSettings,
    "Users and sign-in": IdentitySettings,
    "Deployments": DeploymentSettings,
    "Charts": ChartSettings,
}
_DEFAULTS = {"data_dir": "`~/.local/share/polyhelm`", "helm_concurrency": "four for each CPU"}


def settings_page() -> str:
    page = _HEAD
    for title, group in _GROUPS.items():
        page += _TABLE.format(title=title)
        for name, field in group.model_fields.items():
            default = _DEFAULTS.get(name) or _default(field)
            page += f"| `POLYHELM_{name.upper()}` | {default} | {field.description} |\n"
    return page


def _default(field: FieldInfo) -> str:
    if field.default in (None, "", {}, []):
        return ""
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"

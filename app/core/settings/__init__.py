"""All settings: environment variables with the prefix POLYHELM_. `polyhelm settings` prints their reference page."""

from app.core.settings.charts import ChartSettings
from app.core.settings.deployments import DeploymentSettings
from app.core.settings.documents import DocumentSettings
from app.core.settings.identity import IdentitySettings
from app.core.settings.installation import InstallationSettings
from app.core.settings.server import ServerSettings


class Settings(
    InstallationSettings, ServerSettings, DocumentSettings, IdentitySettings, DeploymentSettings, ChartSettings
):
    """All groups together. A new setting is a field of one of them."""

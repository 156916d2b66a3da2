"""What the groups of settings have in common."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Seconds = Annotated[float, Field(gt=0)]


class SettingsGroup(BaseSettings):
    """Settings that are read from environment variables, and never change."""

    model_config = SettingsConfigDict(env_prefix="POLYHELM_", frozen=True, extra="forbid")

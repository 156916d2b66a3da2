"""The server behind a proxy."""

import base64
import ssl
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

import yaml


@dataclass(frozen=True)
class Upstream:
    """A server, as a kubeconfig with a token names it. `prefix` is the path below which its API lies."""

    origin: str
    prefix: str
    token: str
    tls: ssl.SSLContext

    @classmethod
    def of(cls, kubeconfig: str) -> Self:
        config = yaml.safe_load(kubeconfig)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        parts = urlsplit(cluster["server"])
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        return cls(
            f"{parts.scheme}://{parts.netloc}",
            parts.path.rstrip("/"),
            user["token"],
            ssl.create_default_context(cadata=authority),
        )

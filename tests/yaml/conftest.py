from tests.releases.conftest import oracle

__all__ = ["oracle"]

"""Serves the pages that `make frontend` has built: the single-page app at `/`, and GraphiQL.

Pages are small and requested each time. Their assets have names that change with the content, and are cached
permanently.
"""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

# Nothing is loaded from other sites, only scripts that are files of Polyhelm run, and no other page can frame these.
# The editors create styles at run time, and GraphiQL's style sheet contains its fonts.
_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:;"
    " object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_NOT_BUILT = "The pages are not built: run `make frontend`. The API is at /graphql.\n"


def folder() -> Path:
    """Returns the directory of the built pages: in an installed package, or in the repository."""
    package = Path(__file__).parent.parent
    installed = package / "pages"
    return installed if installed.exists() else package.parent / "frontend" / "dist"


class _Assets(StaticFiles):
    """Serves files that are named by their content. Browsers cache them permanently."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def page(name: str) -> Response:
    path = folder() / name
    if not path.exists():
        return PlainTextResponse(_NOT_BUILT, 503)
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": _POLICY}
    return FileResponse(path, headers=headers)


def frontend_routes(*, graphiql: bool) -> list[BaseRoute]:
    """The last route: every path that no other route matches belongs to the app."""

    async def app(request: Request) -> Response:
        last = request.url.path.rpartition("/")[2]
        if "." in last and "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse("This file does not exist.\n", 404)
        return page("index.html")

    async def explorer(request: Request) -> Response:
        return page("graphiql.html")

    routes: list[BaseRoute] = [
        Mount("/assets", _Assets(directory=folder() / "assets", check_dir=False)),
        Route("/{path:path}", app),
    ]
    return [Route("/graphiql", explorer), *routes] if graphiql else routes

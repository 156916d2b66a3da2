"""The pages, as `make frontend` has built them: the single-page app below `/`, and GraphiQL. Part of the composition
root.

Pages are small and asked for each time; what they load has a name that changes with its content, and is kept for ever.
"""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

# Nothing is loaded from elsewhere, nothing is run that is not a file of ours, and no other page may show ours within
# itself. The editors make styles as they go, and GraphiQL's has its fonts within its stylesheet.
_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:;"
    " object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_NOT_BUILT = "The pages are not built: run `make frontend`. The API is at /graphql.\n"


def folder() -> Path:
    """Where the built pages are: in an installed package, or in the repository."""
    package = Path(__file__).parent.parent
    installed = package / "pages"
    return installed if installed.exists() else package.parent / "frontend" / "dist"


class _Assets(StaticFiles):
    """What is named for its content: whoever has it once need never ask again."""

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
    """For the end of the list of routes: every path that is nobody else's is one of the app's own."""

    async def app(request: Request) -> Response:
        last = request.url.path.rpartition("/")[2]
        if "." in last and "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse("There is no such file.\n", 404)
        return page("index.html")

    async def explorer(request: Request) -> Response:
        return page("graphiql.html")

    routes: list[BaseRoute] = [
        Mount("/assets", _Assets(directory=folder() / "assets", check_dir=False)),
        Route("/{path:path}", app),
    ]
    return [Route("/graphiql", explorer), *routes] if graphiql else routes

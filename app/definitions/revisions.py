"""Definitions and their revisions: written, and read as lists. Some columns of a revision can be long, so they are read
only when they are requested."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import delete, tuple_
from sqlalchemy.orm import defer
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from app.core.errors import Problem, all_invalid
from app.core.paging import Page, Window, fetch_page
from app.core.services import Services
from app.definitions.reading import FIELD
from app.identity.organizations import lock_organization
from app.tables.columns import now
from app.tables.definitions import Definition, Revision

KEPT_REVISIONS = 100
"""Of each definition, the newest ones."""

Row = TypeVar("Row", bound=Definition)
RevisionRow = TypeVar("RevisionRow", bound=Revision)


class MovedOnError(Exception):
    """The definition has another revision than the caller expects."""

    def __init__(self, present: int) -> None:
        super().__init__(present)
        self.present = present


@dataclass(frozen=True)
class Revisions(Generic[Row, RevisionRow]):
    """The tables of one kind of definitions. `name` is its plural in messages, `most` the maximum number of definitions
    of an organization, and `long` has the columns of a revision that lists leave out."""

    definition: type[Row]
    revision: type[RevisionRow]
    name: str
    most: int
    long: tuple[str, ...] = ("text",)

    async def write(
        self,
        session: AsyncSession,
        organization_id: int,
        document: Mapping[str, Any],
        text: str,
        *,
        author: str,
        expected: int | None,
        **columns: Any,
    ) -> tuple[Row, bool]:
        """Writes a text as a new revision of the definition with the name that its document has, and removes old
        revisions. Returns the definition, and whether the text is another than that of its present revision.

        Raises:
            MovedOnError: the definition does not have the `expected` revision, 0 for none.
            ValidationFailed: the organization has too many definitions.
        """
        await lock_organization(session, organization_id)
        statement = self._named(organization_id, document["name"]).with_for_update(key_share=True)
        row = (await session.exec(statement)).first()
        present = 0 if row is None else row.revision
        if expected is not None and expected != present:
            raise MovedOnError(present)
        if row is None:
            await self._check_count(session, organization_id)
            row = self.definition(organization_id=organization_id, name=document["name"])
        elif (await self._text(session, row)) == text:
            return row, False
        else:
            row.revision += 1
            row.updated_at = now()
        row.description = document.get("description")
        session.add(row)
        await session.flush()
        session.add(self.revision(definition_id=row.id, number=row.revision, text=text, author=author, **columns))
        await session.execute(
            delete(self.revision)
            .where(col(self.revision.definition_id) == row.id)
            .where(col(self.revision.number) <= row.revision - KEPT_REVISIONS)
        )
        return row, True

    async def definitions(self, services: Services, organization_id: int, window: Window) -> Page[Row]:
        """The definitions of an organization by name."""
        statement = select(self.definition).where(col(self.definition.organization_id) == organization_id)
        async with services.database.reading() as session:
            return await fetch_page(session, statement, [col(self.definition.name)], window)

    async def by_name(self, services: Services, organization_id: int, name: str) -> Row | None:
        statement = self._named(organization_id, name)
        async with services.database.reading() as session:
            return (await session.exec(statement)).first()

    async def page(self, services: Services, definition_id: int, window: Window) -> Page[RevisionRow]:
        """The revisions of a definition, the newest first."""
        statement = (
            select(self.revision).where(col(self.revision.definition_id) == definition_id).options(*self._brief())
        )
        async with services.database.reading() as session:
            return await fetch_page(session, statement, [col(self.revision.number)], window, descending=True)

    async def current(self, session: AsyncSession, definition_ids: Iterable[int]) -> dict[int, RevisionRow]:
        """The current revision of each definition."""
        statement = (
            select(self.revision)
            .join(self.definition, col(self.definition.id) == self.revision.definition_id)
            .where(col(self.revision.definition_id).in_(list(definition_ids)))
            .where(col(self.revision.number) == col(self.definition.revision))
            .options(*self._brief())
        )
        rows: Sequence[RevisionRow] = (await session.exec(statement)).all()
        return {row.definition_id: row for row in rows}

    async def by_number(
        self, session: AsyncSession, keys: Sequence[tuple[int, int]]
    ) -> dict[tuple[int, int], RevisionRow]:
        """Revisions, by definition and number."""
        columns = col(self.revision.definition_id), col(self.revision.number)
        statement = select(self.revision).where(tuple_(*columns).in_(keys)).options(*self._brief())
        return {(row.definition_id, row.number): row for row in (await session.exec(statement)).all()}

    async def texts(self, session: AsyncSession, revision_ids: Sequence[int]) -> dict[int, str]:
        """The texts of revisions."""
        statement = select(self.revision.id, self.revision.text).where(col(self.revision.id).in_(revision_ids))
        return {row[0]: row[1] for row in (await session.exec(statement)).all()}

    def _named(self, organization_id: int, name: str) -> SelectOfScalar[Row]:
        return select(self.definition).where(
            col(self.definition.organization_id) == organization_id, col(self.definition.name) == name
        )

    def _brief(self) -> list[Any]:
        return [defer(getattr(self.revision, name), raiseload=True) for name in self.long]

    async def _check_count(self, session: AsyncSession, organization_id: int) -> None:
        statement = select(func.count()).where(col(self.definition.organization_id) == organization_id)
        if (await session.exec(statement)).one() >= self.most:
            raise all_invalid([Problem((FIELD,), f"An organization has at most {self.most} {self.name}.")])

    async def _text(self, session: AsyncSession, row: Row) -> str:
        statement = select(self.revision.text).where(
            col(self.revision.definition_id) == row.id, col(self.revision.number) == row.revision
        )
        return (await session.exec(statement)).one()

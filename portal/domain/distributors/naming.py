"""Which distributor the rows of a list mean, by code or by name, within the offices of whoever imports it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.queries import visible
from portal.domain.access.roles import Permission
from portal.domain.distributors.facts import code_key
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.users.models import User

_AT_ONCE = 500


class NameBook:
    """Rows say it under "distributor_code", "distributor" (the full name), or both; a name may stand for several."""

    def __init__(self, session: Session, actor: User | None, permission: Permission) -> None:
        self._session, self._actor, self._permission = session, actor, permission
        self._by_code: dict[str, int] = {}
        self._by_name: dict[str, int | None] = {}
        self.names: dict[int, str] = {}  # of those found

    def look_up(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Read the distributors that these rows name and that are not known yet."""
        codes = {code_key(said["distributor_code"]) for said in rows if "distributor_code" in said}
        names = {said["distributor"] for said in rows if "distributor" in said}
        self._read(Distributor.code_key, codes - self._by_code.keys())
        self._read(Distributor.name, names - self._by_name.keys())

    def find(self, said: Mapping[str, Any]) -> int:
        """The distributor that a row means; DomainError for none, for several, and where code and name differ."""
        code, name = said.get("distributor_code"), said.get("distributor")
        if code is not None:
            return self._of_code(code, name)
        if name is None:
            raise DomainError(N_("The distributor is missing. Give its code or its full name."))
        found = self._by_name.get(name)
        if found is None:
            raise DomainError(
                N_("%(name)s stands for several distributors. Give the code.")
                if name in self._by_name
                else N_(
                    "There is no distributor called %(name)s in your offices. Write the full name, or give the code."
                ),
                name=name,
            )
        return found

    def _of_code(self, code: str, name: str | None) -> int:
        found = self._by_code.get(code_key(code))
        if found is None:
            raise DomainError(
                N_("There is no distributor %(code)s in your offices. Check the code, or register it first."),
                code=code,
            )
        if name is not None and self._by_name.get(name, found) not in (found, None):
            raise DomainError(
                N_("%(code)s is not %(name)s: code and name mean two distributors. Correct one of them."),
                code=code,
                name=name,
            )
        return found

    def _read(self, column: Any, wanted: Iterable[str]) -> None:
        ordered = sorted(wanted)
        for start in range(0, len(ordered), _AT_ONCE):
            statement = sa.select(Distributor.id, Distributor.code_key, Distributor.name).where(
                column.in_(ordered[start : start + _AT_ONCE])
            )
            if self._actor is not None:
                reach = visible(self._actor, self._permission)
                statement = statement.where(Distributor.region_id.in_(reach))
            for id_, code, name in self._session.execute(statement):
                self._by_code[code], self.names[id_] = id_, name
                known = self._by_name.get(name, id_)
                self._by_name[name] = id_ if known == id_ else None

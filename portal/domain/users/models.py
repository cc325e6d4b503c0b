"""Users, their grants and their sign-ins."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import Base, enum_type, now
from portal.domain.access.roles import COMPANY_WIDE, ROLE_PERMISSIONS, Permission, Role
from portal.domain.regions.models import Region


class User(Base):
    """A person of the company who signs in; what they may do stands in their grants."""

    __tablename__ = "user_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(sa.String(60), unique=True)
    name: Mapped[str] = mapped_column(sa.String(60))
    # Where they are reached at work: 联系电话 on invitations. Several are parted by " / ".
    phone: Mapped[str] = mapped_column(sa.String(60), default="", server_default="")
    password_hash: Mapped[str] = mapped_column(sa.String(200))
    # "zh_CN", "en", or empty for what the browser asks for.
    language: Mapped[str] = mapped_column(sa.String(8), default="")
    # Somebody else knows it: to be replaced by one of the user's own.
    is_password_temporary: Mapped[bool] = mapped_column(default=False)
    is_demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=now)
    deactivated_at: Mapped[datetime | None]

    grants: Mapped[list["Grant"]] = relationship(
        back_populates="user", foreign_keys="Grant.user_id", lazy="selectin", order_by="Grant.id"
    )

    @property
    def is_active(self) -> bool:
        """Whether this user may sign in and own accounts."""
        return self.deactivated_at is None

    def can(self, permission: Permission, region: Region | None = None) -> bool:
        """Whether any grant allows this in `region`, or anywhere when no region is asked about."""
        return any(grant.allows(permission, region) for grant in self.grants)

    def paths(self, permission: Permission) -> list[str]:
        """Paths of the regions whose subtrees this permission reaches."""
        return [grant.region.path for grant in self.grants if grant.allows(permission)]

    @property
    def home(self) -> Region | None:
        """The highest region of this user's grants: the office shown beside the name."""
        regions = [grant.region for grant in self.grants]
        return min(regions, key=lambda region: len(region.path), default=None)


class Grant(Base):
    """A role for one user in one region and everything below it."""

    __tablename__ = "user_grant"
    __table_args__ = (sa.UniqueConstraint("user_id", "role", "region_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    role: Mapped[Role] = mapped_column(enum_type(Role))
    region_id: Mapped[int] = mapped_column(sa.ForeignKey("region.id"), index=True)
    granted_at: Mapped[datetime] = mapped_column(default=now)
    granted_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))

    user: Mapped[User] = relationship(back_populates="grants", foreign_keys=[user_id])
    region: Mapped[Region] = relationship(lazy="joined", innerjoin=True)

    def allows(self, permission: Permission, region: Region | None = None) -> bool:
        """Whether this grant gives the permission, in `region` when one is named."""
        if permission not in ROLE_PERMISSIONS[self.role]:
            return False
        if permission in COMPANY_WIDE and self.region.parent_id is not None:
            return False
        return region is None or self.region.contains(region)


class SignIn(Base):
    """One sign-in; the cookie holds the token, this row its hash, so ending the row ends every copy of the cookie."""

    __tablename__ = "sign_in"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user_account.id"), index=True)
    address: Mapped[str] = mapped_column(sa.String(60))
    began_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class Throttle(Base):
    """Failed sign-ins of one account name or one address within the running window, shared by all workers."""

    __tablename__ = "sign_in_throttle"

    key: Mapped[str] = mapped_column(sa.String(100), primary_key=True)
    attempts: Mapped[int] = mapped_column(default=0)
    window_ends_at: Mapped[datetime]

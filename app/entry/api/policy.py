"""Who may do what, for everybody to read: the one table that decides it."""

from typing import Final

from fastapi import APIRouter, Response
from pydantic import Field

from app.entry.api.context import StrictRoute
from app.entry.api.wire import Shown, show
from app.registry.parties.policy import POLICY, Permission, Reach
from app.registry.parties.rules import ROLES_OF_KIND, PartyKind, Role

router = APIRouter(prefix="/policy", tags=["users"], route_class=StrictRoute)


class GrantShown(Shown):
    """One thing that a role may do."""

    permission: Permission = Field(
        description="The act or the read; refusals name it.", examples=["move_credits"]
    )
    reach: Reach = Field(
        description="`own`: things of the user's own party, or assigned to it. `any`: of every "
        "party.",
        examples=["own"],
    )


class RoleShown(Shown):
    """All that a role may do."""

    role: Role = Field(description="The role.", examples=["holder_initiator"])
    kinds: list[PartyKind] = Field(
        description="Kinds of party whose users can have it.", examples=[["holder", "developer"]]
    )
    may: list[GrantShown] = Field(description="What it allows, by name.")


class PolicyShown(Shown):
    """The policy: what is not in it is refused."""

    data: list[RoleShown] = Field(description="Every role there is.")


@router.get(
    "",
    response_model=PolicyShown,
    summary="Show who may do what",
    operation_id="get_policy",
)
async def get_policy() -> Response:
    """
    Show what each role may do, and to whose things. Public.

    It is the table that decides, not a description of it. A user may do what any of their roles
    allows; whatever no role allows is refused with `not_allowed`.
    """
    return show(_POLICY)


def _shown(role: Role) -> RoleShown:
    return RoleShown(
        role=role,
        kinds=[kind for kind, roles in ROLES_OF_KIND.items() if role in roles],
        may=[
            GrantShown(permission=permission, reach=reach)
            for permission, reach in sorted(POLICY[role].items())
        ],
    )


_POLICY: Final = PolicyShown(data=[_shown(role) for role in Role])

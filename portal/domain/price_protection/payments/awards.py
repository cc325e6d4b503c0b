"""What a decision took may be paid out only while it is in effect; who knows that registers here (8.2, 8.3)."""

from collections.abc import Callable

from sqlalchemy.orm import Session

# (session, the case as accounts name it) → whether its decision is in effect.
Gate = Callable[[Session, str], bool]
_gates: list[Gate] = []


def register(gate: Gate) -> None:
    """Ask this from now on; the cases' own code does, once."""
    if gate not in _gates:
        _gates.append(gate)


def award_is_payable(session: Session, case_part: str) -> bool:
    """Whether the decision of the case is in effect; nothing is while nobody can tell."""
    return any(gate(session, case_part) for gate in _gates)

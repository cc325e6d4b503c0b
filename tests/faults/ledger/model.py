"""The fund once more, slowly and by itself: dicts and fractions, no ledger, nothing of the portal's arithmetic."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

Place = tuple[str, str]


def half_up(value: Fraction) -> int:
    """The nearest whole number of a sum that is not negative, the half upwards."""
    return (value + Fraction(1, 2)).__floor__()


@dataclass
class Line:
    """A purchase with what was returned of it; `rank` orders accruals and decisions in time, None: unaccrued."""

    id: int
    on: date
    fen: int
    left: int
    quarter: str = ""
    rank: int | None = None
    terms: tuple[Fraction, Fraction] = (Fraction(0), Fraction(0))  # rate and base share it accrued by


@dataclass
class Taken:
    """A deduction: `marks` are the sums it was fixed at (rank, base, amount), first by the decision."""

    quarter: str
    case: int
    rank: int
    award: Fraction
    base: int
    amount: int
    marks: list[tuple[int, int, int]]

    def at(self, rank: int, base: int) -> int:
        """What it was, as it had been fixed last before `rank`, on so large a base."""
        _, of, amount = [mark for mark in self.marks if mark[0] <= rank][-1]
        return half_up(Fraction(amount * base, of)) if of else 0


@dataclass
class Paid:
    """A payment: from where, by which means, what was set off of it; or what the distributor gave back."""

    place: Place
    means: str
    fen: int
    offset: int = 0
    tax: int = 0


@dataclass
class Model:
    """One agreement; `balances` are what its accounts must hold, by kind and part."""

    rate: Fraction
    base_share: Fraction
    interest: Fraction
    month: int
    day: int
    first: date
    last: date
    balances: defaultdict[Place, int] = field(default_factory=lambda: defaultdict(int))
    lines: dict[int, Line] = field(default_factory=dict)
    waiting: list[tuple[int, int, int]] = field(
        default_factory=list
    )  # returns before the signing: (id, line, fen)
    taken: list[Taken] = field(default_factory=list)
    # What stands as paid out of a case, by its award and its rest.
    out: defaultdict[Place, int] = field(default_factory=lambda: defaultdict(int))
    # From which day other terms hold, in the order in which they were agreed.
    amended: list[tuple[date, Fraction, Fraction]] = field(default_factory=list)
    closed: set[str] = field(default_factory=set)
    released: set[str] = field(default_factory=set)
    held: set[tuple[str, int]] = field(default_factory=set)
    is_signed: bool = False
    rank: int = 0

    @classmethod
    def of(cls, rate_ppm: int, base_share: int) -> "Model":
        """A signed agreement of the year 2026 without interest, of the usual quarters."""
        rate, share = Fraction(rate_ppm, 10**6), Fraction(base_share, 100)
        year = date(2026, 1, 1), date(2026, 12, 31)
        return cls(rate, share, Fraction(0), 1, 1, *year, is_signed=True)

    def _next(self) -> int:
        self.rank += 1
        return self.rank

    def quarter(self, on: date) -> str:
        """The quarter of a day, counted month by month from the first one's first day."""
        year, number = on.year - 1, 1
        found = ""
        while (begins := self.begins(year, number)) <= on:
            found = f"{year}Q{number}"
            year, number = (year + 1, 1) if number == 4 else (year, number + 1)
            assert begins
        return found

    def begins(self, year: int, number: int) -> date:
        """The first day of a quarter."""
        month = self.month + 3 * (number - 1)
        return date(year + 1, month - 12, self.day) if month > 12 else date(year, month, self.day)

    def ends(self, name: str) -> date:
        """The last day of a quarter; the agreement's own, where that lies in it."""
        year, number = int(name[:4]), int(name[5])
        following = (year + 1, 1) if number == 4 else (year, number + 1)
        last = self.begins(*following) - timedelta(days=1)
        return self.last if self.begins(year, number) <= self.last < last else last

    def terms_on(self, on: date) -> tuple[Fraction, Fraction]:
        """Rate and base share of a day."""
        found = self.rate, self.base_share
        for since, rate, share in self.amended:
            if since <= on:
                found = rate, share
        return found

    @staticmethod
    def parts(line: Line, fen: int) -> tuple[int, int]:
        """Base and fund of so much of a line (3.1)."""
        rate, share = line.terms
        rebate = half_up(fen * rate)
        base = half_up(fen * rate * share)
        return base, rebate - base

    def amend(self, since: date, rate: Fraction, share: Fraction) -> None:
        """Other terms hold from a day on; what accrued stays as it is."""
        self.amended.append((since, rate, share))

    def end(self, last: date) -> None:
        """The agreement ends earlier."""
        self.last = last

    def buy(self, id_: int, on: date, fen: int, today: date) -> None:
        """A purchase; it accrues where the agreement is signed and the day lies in its term."""
        line = self.lines[id_] = Line(id_, on, fen, fen)
        if self.is_signed:
            self._accrue(line, today)

    def _accrue(self, line: Line, today: date) -> None:
        if not self.first <= line.on <= self.last:
            return
        line.quarter = self.quarter(line.on)
        if line.quarter in self.closed:
            line.quarter = self.quarter(today)
        while line.quarter in self.closed:
            year, number = int(line.quarter[:4]), int(line.quarter[5])
            line.quarter = f"{year + 1}Q1" if number == 4 else f"{year}Q{number + 1}"
        line.terms = self.terms_on(line.on)
        base, fund = self.parts(line, line.fen)
        line.rank = self._next()
        self._move(("rebate", ""), base + fund)
        self._move(("base", ""), base)
        self._move(("fund", line.quarter), fund)

    def _move(self, place: Place, fen: int) -> None:
        self.balances[place] += fen
        assert self.balances[place] >= 0, (place, self.balances[place])

    def give_back(self, id_: int, line_id: int, fen: int) -> None:
        """A return of part of a line."""
        line = self.lines[line_id]
        if line.rank is None and not self.is_signed:
            self.waiting.append((id_, line_id, fen))
        elif line.rank is not None:
            self._take_back(line, fen)

    def sign(self, today: date) -> None:
        """The agreement takes effect: what waited accrues, purchases before their returns."""
        self.is_signed = True
        for line in list(self.lines.values()):
            self._accrue(line, today)
        for _, line_id, fen in self.waiting:
            if self.lines[line_id].rank is not None:
                self._take_back(self.lines[line_id], fen)
        self.waiting.clear()

    def _take_back(self, line: Line, fen: int) -> None:
        was, is_ = self.parts(line, line.left), self.parts(line, line.left - fen)
        line.left -= fen
        base, fund = was[0] - is_[0], was[1] - is_[1]
        self._move(("rebate", ""), -base - fund)
        unpaid = min(base, self.balances["base", ""])
        self._move(("base", ""), -unpaid)
        self._move(("clawback", ""), base - unpaid)
        home = ("released" if line.quarter in self.released else "fund", line.quarter)
        if fund < 0:
            self._move(home, -fund)
            return
        self._out_of_fund(line, fund)

    def _out_of_fund(self, line: Line, fund: int) -> None:
        """Deductions shrink in proportion, in the order they were decided; the rest comes from fund or release.

        What reaches a deduction is what was left of this fund when it was decided: what an earlier deduction had
        taken by then never was in its base, also where that was restored afterwards.
        """
        assert line.rank is not None
        chain = [one for one in self.taken if one.quarter == line.quarter and line.rank <= one.rank]
        left = fund
        bases: list[tuple[Taken, int, int]] = []
        for one in chain:
            reaches = fund
            for earlier, before, after in bases:
                reaches -= earlier.at(one.rank, before) - earlier.at(one.rank, after)
            reaches = max(0, min(reaches, left))
            before, after = one.base, max(0, one.base - reaches)
            bases.append((one, before, after))
            amount = one.at(self.rank, after)
            back = min(one.amount - amount, left)
            self._shrink(one, one.amount - back, ("rebate", ""))
            one.base = after
            left -= back
        there = left
        if line.quarter in self.released:
            there = min(left, self.balances["fund", line.quarter])
        self._move(("fund", line.quarter), -there)
        self._move(("clawback", ""), left - there)

    def _shrink(self, one: Taken, amount: int, to: Place) -> None:
        """Give back from award and rest what the smaller deduction leaves; what was paid is borne."""
        case = f"C{one.case}"
        award = half_up(one.amount * one.award) - half_up(amount * one.award)
        for kind, fen in (("award", award), ("unawarded", one.amount - amount - award)):
            there = min(fen, self.balances[kind, case])
            self._move((kind, case), -there)
            self._move(("borne", case), fen - there)
        if to[0] == "fund":
            self._move(to, one.amount - amount)
        one.amount = amount

    def close(self, quarter: str) -> None:
        """Close a quarter that is over."""
        self.closed.add(quarter)

    def release(self, quarter: str, today: date) -> None:
        """Release a quarter, once, unless a case holds it."""
        if quarter in self.released:
            return
        self.close(quarter)
        if any(held == quarter for held, _ in self.held):
            return
        self.released.add(quarter)
        fen = self.balances["fund", quarter]
        days = max(0, (today - self.ends(quarter)).days)
        interest = half_up(fen * self.interest * Fraction(days, 365))
        self._move(("fund", quarter), -fen)
        self._move(("released", quarter), fen)
        self._move(("interest", ""), interest)
        self._move(("interest_due", quarter), interest)

    def release_restored(self, quarter: str) -> None:
        """Release what came back after the release."""
        if quarter in self.released:
            fen = self.balances["fund", quarter]
            self._move(("fund", quarter), -fen)
            self._move(("released", quarter), fen)

    def deduct(self, quarter: str, case: int, share: Fraction, award: Fraction) -> None:
        """A decision takes a share of what the fund holds now."""
        base = self.balances["fund", quarter]
        amount = half_up(base * share)
        rank = self._next()
        self.taken.append(Taken(quarter, case, rank, award, base, amount, [(rank, base, amount)]))
        awarded = half_up(amount * award)
        self._move(("fund", quarter), -amount)
        self._move(("award", f"C{case}"), awarded)
        self._move(("unawarded", f"C{case}"), amount - awarded)

    def restore(self, case: int, keep: int) -> None:
        """Put back what is not kept of a deduction."""
        one = next(one for one in self.taken if one.case == case)
        if keep == one.amount:
            return
        self._shrink(one, keep, ("fund", one.quarter))
        one.marks.append((self._next(), one.base, keep))

    def pay(self, places: list[Place], means: dict[str, str]) -> list[Paid]:
        """Pay all that these places owe; of rebates goes off what the distributor owes, the oldest first."""
        order = {"base": 0, "released": 1, "interest_due": 2}
        done = []
        for place in sorted(places, key=lambda place: (order[place[0]], place[1])):
            fen = self.balances[place]
            offset = 0 if place[0] == "interest_due" else min(fen, self.balances["clawback", ""])
            done.append(Paid(place, means[place[0]], fen - offset, offset))
            self._pay(done[-1])
        return done

    def _pay(self, paid: Paid) -> None:
        self._move(paid.place, -paid.fen - paid.offset - paid.tax)
        self._move(("clawback", ""), -paid.offset)
        self._move(("tax", ""), paid.tax)
        self.balances[paid.means, ""] -= paid.fen

    def pay_of_case(self, place: Place, fen: int, tax: int = 0) -> Paid:
        """Pay out of what a decision took, less what is withheld of it."""
        paid = Paid(place, "money", fen, tax=tax)
        self._pay(paid)
        self.out[place] += fen + tax
        return paid

    def collect(self, means: str, fen: int) -> Paid:
        """The distributor pays back."""
        self.balances[means, ""] += fen
        self._move(("clawback", ""), -fen)
        return Paid(("clawback", ""), means, fen)

    def owe_interest(self, on: date, fen: int) -> None:
        """Interest for a payment of that day; how much it is, the proof counts again."""
        self._move(("interest", ""), fen)
        self._move(("interest_due", self.quarter(on)), fen)

    def owe_no_interest(self, on: date, fen: int) -> bool:
        """The payment was taken back, so it was not late; False where the interest is no longer there."""
        place = "interest_due", self.quarter(on)
        if self.balances[place] < fen:
            return False
        self._move(place, -fen)
        self._move(("interest", ""), -fen)
        return True

    def take_payment_back(self, paid: Paid) -> None:
        """It is owed again, whoever owed it."""
        sign = -1 if paid.place[0] == "clawback" else 1
        self._move(paid.place, paid.fen + paid.offset + paid.tax)
        self._move(("clawback", ""), paid.offset)
        self._move(("tax", ""), -paid.tax)
        self.balances[paid.means, ""] += sign * paid.fen
        if paid.place[0] in ("award", "unawarded"):
            self.out[paid.place] -= paid.fen + paid.tax
            self._relieve(paid.place)

    def _relieve(self, place: Place) -> None:
        """The company bears no longer what is not paid any more."""
        one = next(one for one in self.taken if f"C{one.case}" == place[1])
        award = half_up(one.amount * one.award)
        due = award if place[0] == "award" else one.amount - award
        over = self.balances[place] - max(0, due - self.out[place])
        self._move(place, -over)
        self._move(("borne", place[1]), -over)

    def pay_again(self, paid: Paid) -> None:
        """What was to be taken back stays as it was."""
        self._pay(paid)

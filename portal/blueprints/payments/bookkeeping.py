"""Vouchers for the company's books as 用友 and 金蝶 take them, and the subjects that they name."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.payments import bp
from portal.blueprints.payments.forms import VoucherForm
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.audit.models import AuditEvent
from portal.domain.errors import DomainError
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.price_protection.payments import vouchers
from portal.domain.price_protection.payments.vouchers import Line, Subject
from portal.domain.regions import services as regions
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.audit_words import tell
from portal.web.excel import Column, record_export, workbook
from portal.web.fund_told import part_word
from portal.web.htmx import leave, refuse, render, submit

T = TransferKind
# What the books say, in Chinese whoever takes the file out: the programs' own words, and the agreement's (释放).
_SUMMARIES = {
    T.ACCRUE_BASE: "计提基本利润",
    T.ACCRUE_FUND: "计提价格保护基金",
    T.REVERSE_BASE: "退货冲回基本利润",
    T.REVERSE_FUND: "退货冲回基金",
    T.REVERSE_DEDUCTION: "退货冲减扣减款",
    T.CLAW_BACK_BASE: "退货应收退回基本利润",
    T.CLAW_BACK_FUND: "退货应收退回已释放基金",
    T.RELEASE: "释放基金",
    T.INTEREST: "计提基金利息",
    T.LATE_INTEREST: "计提逾期利息",
    T.DEDUCT: "按决定扣减基金",
    T.RESTORE: "恢复已扣减基金",
    T.PAY: "付款",
    T.OFFSET: "抵扣应收退回款",
    T.COLLECT: "收回应退款",
    T.CORRECT: "冲正",
}
_TEXT, _DAY, _MONEY, _WHOLE = "text", "date", "money", "whole"
_Row = Sequence[Any]


def _yonyou(line: Line, subject: Subject, entry: int, made_by: str) -> _Row:
    return (
        "记",
        line.voucher,
        line.day,
        0,
        _summary(line),
        subject.yonyou,
        subject.name,
        line.debit_fen or None,
        line.credit_fen or None,
        line.code,
        line.distributor,
        made_by,
        line.document,
        entry,
    )


def _kingdee(line: Line, subject: Subject, entry: int, made_by: str) -> _Row:
    return (
        line.day,
        "记",
        line.voucher,
        entry,
        _summary(line),
        subject.kingdee,
        subject.name,
        "人民币",
        line.debit_fen or None,
        line.credit_fen or None,
        f"客户/{line.code}/{line.distributor}" if line.code else "",
        made_by,
        0,
        line.document,
    )


# A program → its columns and how it writes an entry. The heads are the programs' own and in no other language.
SYSTEMS: dict[
    str, tuple[str, tuple[tuple[str, Any, int], ...], Callable[[Line, Subject, int, str], _Row]]
] = {
    "yonyou": (
        "用友",
        (
            ("凭证类别", _TEXT, 9),
            ("凭证号", _WHOLE, 8),
            ("制单日期", _DAY, 12),
            ("附单据数", _WHOLE, 9),
            ("摘要", _TEXT, 44),
            ("科目编码", _TEXT, 14),
            ("科目名称", _TEXT, 28),
            ("借方金额", _MONEY, 16),
            ("贷方金额", _MONEY, 16),
            ("往来单位编码", _TEXT, 14),
            ("往来单位", _TEXT, 34),
            ("制单人", _TEXT, 10),
            ("单据号", _TEXT, 20),
            ("分录号", _WHOLE, 8),
        ),
        _yonyou,
    ),
    "kingdee": (
        "金蝶",
        (
            ("日期", _DAY, 12),
            ("凭证字", _TEXT, 8),
            ("凭证号", _WHOLE, 8),
            ("分录号", _WHOLE, 8),
            ("摘要", _TEXT, 44),
            ("科目代码", _TEXT, 14),
            ("科目名称", _TEXT, 28),
            ("币别", _TEXT, 8),
            ("借方金额", _MONEY, 16),
            ("贷方金额", _MONEY, 16),
            ("核算项目", _TEXT, 44),
            ("制单", _TEXT, 10),
            ("附件数", _WHOLE, 8),
            ("业务编号", _TEXT, 20),
        ),
        _kingdee,
    ),
}


def _summary(line: Line) -> str:
    parts = (_SUMMARIES[line.kind], line.agreement, part_word(line.part), line.document)
    return " ".join(part for part in parts if part)


@bp.get("/vouchers")
@requires(P.PAYMENTS_MAKE)
def book_vouchers() -> ResponseReturnValue:
    """Which days, what of them; what the file will hold, with its sums."""
    day = today()
    asked = request.args if request.args else None
    form = VoucherForm(asked, data={"first_on": day.replace(day=1), "last_on": day, "what": "payments"})
    lines: list[Line] = []
    if asked is None or form.validate():
        try:
            first_on, last_on = _range(form)
            lines = list(
                vouchers.lines(db.session, actor(), first_on, last_on, only_payments=form.what.data != "all")
            )
        except DomainError as error:
            refuse(form, error)
    used = vouchers.subjects(db.session)
    return render(
        "payments/vouchers.html",
        form=form,
        lines=lines[:40],
        count=len(lines),
        vouchers=lines[-1].voucher if lines else 0,
        debit_fen=sum(line.debit_fen for line in lines),
        credit_fen=sum(line.credit_fen for line in lines),
        by_account=_by_account(lines, used),
        systems=[(key, name) for key, (name, _columns, _write) in SYSTEMS.items()],
    )


def _range(form: VoucherForm) -> tuple[date, date]:
    """The days asked for; this month's until today where none is named."""
    day = today()
    return vouchers.require_range(form.first_on.data or day.replace(day=1), form.last_on.data or day)


def _by_account(
    lines: Sequence[Line], used: dict[AccountKind, Subject]
) -> list[tuple[AccountKind, Subject, int, int]]:
    found = []
    for kind in AccountKind:
        mine = [line for line in lines if line.account is kind]
        if mine:
            sums = sum(line.debit_fen for line in mine), sum(line.credit_fen for line in mine)
            found.append((kind, used[kind], *sums))
    return found


@bp.get("/vouchers/export")
@requires(P.PAYMENTS_MAKE)
def export_vouchers() -> ResponseReturnValue:
    """The vouchers of some days as one program takes them; who took them is on record."""
    form = VoucherForm(request.args)
    form.validate()
    first_on, last_on = _range(form)
    key = request.args.get("program", "")
    name, columns, write = SYSTEMS.get(key, SYSTEMS["yonyou"])
    me, used = actor(), vouchers.subjects(db.session)
    lines = list(vouchers.lines(db.session, me, first_on, last_on, only_payments=form.what.data != "all"))
    who = me.name
    record_export(
        me, "vouchers", count=len(lines), wanted={"from": first_on, "until": last_on, "program": name}
    )
    return workbook(
        f"{name}凭证",
        [Column(head, kind, width) for head, kind, width in columns],
        _rows(lines, used, write, who),
        f"{name}凭证 {first_on}-{last_on}.xlsx",
    )


def _rows(
    lines: Sequence[Line],
    used: dict[AccountKind, Subject],
    write: Callable[[Line, Subject, int, str], _Row],
    who: str,
) -> Iterator[_Row]:
    entry, last = 0, 0
    for line in lines:
        entry = entry + 1 if line.voucher == last else 1
        last = line.voucher
        yield write(line, used[line.account], entry, who)


@bp.route("/vouchers/subjects", methods=["GET", "POST"])
@requires(P.PAYMENTS_MAKE)
def subjects() -> ResponseReturnValue:
    """Which subject of the company's books each account is; the same for the whole company."""
    me, office = actor(), regions.head_office(db.session)
    used = vouchers.subjects(db.session)
    form = VoucherForm(None)
    typed = used
    if request.method == "POST":
        typed = {
            kind: Subject(
                *(
                    request.form.get(f"{part}-{kind}", getattr(used[kind], part))[:200]
                    for part in Subject._fields
                )
            )
            for kind in AccountKind
        }
        done = submit(form, lambda: (vouchers.change_subjects(db.session, me, typed),))
        if done is not None:
            flash(_("Vouchers name these subjects from now on.") if done[0] else _("Nothing was changed."))
            return leave(url_for("payments.subjects"))
    events = audit.history(office).where(AuditEvent.action == "subjects.changed").limit(20)
    return render(
        "payments/subjects.html",
        form=form,
        rows=[(kind, typed[kind], vouchers.SUBJECTS[kind]) for kind in AccountKind],
        may_change=me.can(P.PAYMENTS_MAKE, office),
        events=tell(db.session, me, db.session.scalars(events).all()),
    )

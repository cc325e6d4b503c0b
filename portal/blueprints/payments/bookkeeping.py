"""Vouchers for the company's books as 用友 and 金蝶 take them: what is new, what was taken out, and the subjects."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.payments import bp
from portal.blueprints.payments.asking import new_key, said_key
from portal.blueprints.payments.forms import VoucherForm
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.audit.models import AuditEvent
from portal.domain.errors import DomainError
from portal.domain.ledger.accounts import AccountKind, TransferKind
from portal.domain.price_protection.payments.vouchers import subjects as chart
from portal.domain.price_protection.payments.vouchers import taking
from portal.domain.price_protection.payments.vouchers.entries import Entry
from portal.domain.price_protection.payments.vouchers.models import VoucherFile
from portal.domain.price_protection.payments.vouchers.movements import Asked
from portal.domain.price_protection.payments.vouchers.subjects import Subject
from portal.domain.regions import services as regions
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.audit_words import tell
from portal.web.excel import Column, record_export, workbook
from portal.web.htmx import leave, refuse, render, submit
from portal.web.requests import ROW

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
    T.WITHHOLD: "代扣税款",
    T.OFFSET: "抵扣应收退回款",
    T.COLLECT: "收回应退款",
    T.RELIEVE: "冲回公司承担的扣减款",
    T.CORRECT: "冲正",
}
_TEXT, _DAY, _MONEY, _WHOLE = "text", "date", "money", "whole"
_Row = Sequence[Any]
# Of a file's entries, and of the files that were taken out, so many are shown.
_FIRST, _LATEST = 40, 60


def _yonyou(line: Entry, entry: int, made_by: str) -> _Row:
    return (
        "记",
        line.voucher,
        line.day,
        0,
        _summary(line),
        line.subject.yonyou,
        line.subject.name,
        line.debit_fen or None,
        line.credit_fen or None,
        line.code,
        line.distributor,
        made_by,
        line.document,
        line.invoice,
        entry,
    )


def _kingdee(line: Entry, entry: int, made_by: str) -> _Row:
    return (
        line.day,
        "记",
        line.voucher,
        entry,
        _summary(line),
        line.subject.kingdee,
        line.subject.name,
        "人民币",
        line.debit_fen or None,
        line.credit_fen or None,
        f"客户/{line.code}/{line.distributor}" if line.code else "",
        made_by,
        0,
        line.document,
        line.invoice,
    )


# A program → its columns and how it writes an entry. The heads are the programs' own and in no other language.
SYSTEMS: dict[str, tuple[str, tuple[tuple[str, Any, int], ...], Callable[[Entry, int, str], _Row]]] = {
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
            ("红字发票号码", _TEXT, 24),
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
            ("红字发票号码", _TEXT, 24),
        ),
        _kingdee,
    ),
}


def _summary(line: Entry) -> str:
    late = f"补记{line.late_on}" if line.late_on else ""
    parts = (late, _SUMMARIES[line.kind], line.agreement, line.part, line.document)
    return " ".join(part for part in parts if part)


@bp.route("/vouchers", methods=["GET", "POST"])
@requires(P.PAYMENTS_MAKE)
def book_vouchers() -> ResponseReturnValue:
    """What of these days stands in no voucher yet, with its sums; taking it out; what was taken out before."""
    day, me = today(), actor()
    said = request.form if request.method == "POST" else request.args
    first = {"first_on": day.replace(day=1), "last_on": day, "what": "payments"}
    form = VoucherForm(said if said else None, data=first)
    found: taking.Preview | None = None
    if not said or form.validate():
        asked = Asked(
            form.first_on.data or first["first_on"],
            form.last_on.data or day,
            form.what.data != "all",
            form.grouping.data,
        )
        if request.method == "POST":
            made = submit(form, lambda: taking.take(db.session(), me, asked, key=said_key()))
            if made is not None:
                flash(_("%(number)s is taken out.", number=made.number))
                return leave(url_for("payments.voucher_file", id=made.id))
        try:
            found = taking.preview(db.session(), me, asked)
        except DomainError as error:
            if not form.errors:
                refuse(form, error)
    lines = found.entries if found else []
    return render(
        "payments/vouchers.html",
        form=form,
        key=new_key(),
        found=found,
        lines=lines[:_FIRST],
        count=len(lines),
        by_account=_by_account(lines),
        files=db.session.scalars(taking.files_visible_to(me).limit(_LATEST)).all(),
    )


def _by_account(lines: Sequence[Entry]) -> list[tuple[AccountKind, Subject, int, int]]:
    sums: dict[tuple[AccountKind, Subject], list[int]] = {}
    for line in lines:
        mine = sums.setdefault((line.account, line.subject), [0, 0])
        mine[0] += line.debit_fen
        mine[1] += line.credit_fen
    order = {kind: no for no, kind in enumerate(AccountKind)}
    return [
        (kind, subject, debit, credit)
        for (kind, subject), (debit, credit) in sorted(sums.items(), key=lambda one: order[one[0][0]])
    ]


def _file(id: int) -> VoucherFile:
    return db.session.scalar(taking.files_visible_to(actor()).where(VoucherFile.id == id)) or abort(404)


@bp.get(f"/vouchers/<{ROW}:id>")
@requires(P.PAYMENTS_MAKE)
def voucher_file(id: int) -> ResponseReturnValue:
    """What was taken out in one go: its numbers, its sums, its entries, and the file again as it was."""
    found = _file(id)
    lines = taking.content(found).entries
    wanted = request.args.get("voucher", "")
    chosen = [line for line in lines if line.label == wanted]
    return render(
        "payments/voucher_file.html",
        found=found,
        numbers=taking.numbers(db.session(), found),
        lines=chosen or lines[:_FIRST],
        chosen=wanted if chosen else "",
        by_account=_by_account(lines),
        late_days=sorted({line.late_on for line in lines if line.late_on}),
        systems=[(key, name) for key, (name, _columns, _write) in SYSTEMS.items()],
    )


@bp.get(f"/vouchers/<{ROW}:id>/export")
@requires(P.PAYMENTS_MAKE)
def export_vouchers(id: int) -> ResponseReturnValue:
    """What was taken out as one program takes it, the same whenever it is fetched; who fetched it is on record."""
    found, me = _file(id), actor()
    name, columns, write = SYSTEMS.get(request.args.get("program", ""), SYSTEMS["yonyou"])
    content, number, made_at = taking.content(found), found.number, found.at
    filename = f"{name}凭证 {number} {found.first_on}-{found.last_on}.xlsx"
    record_export(me, "vouchers", count=len(content.entries), wanted={"number": number, "program": name})
    return workbook(
        f"{name}凭证",
        [Column(head, kind, width) for head, kind, width in columns],
        _rows(content, write),
        filename,
        made_at=made_at,
    )


def _rows(content: taking.Content, write: Callable[[Entry, int, str], _Row]) -> Iterator[_Row]:
    entry, last = 0, ""
    for line in content.entries:
        entry = entry + 1 if line.label == last else 1
        last = line.label
        yield write(line, entry, content.by)


@bp.route("/vouchers/subjects", methods=["GET", "POST"])
@requires(P.PAYMENTS_MAKE)
def subjects() -> ResponseReturnValue:
    """Which subject of the company's books each account is; the same for the whole company."""
    me, office = actor(), regions.head_office(db.session)
    used = chart.subjects(db.session)
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
        done = submit(form, lambda: (chart.change_subjects(db.session, me, typed),))
        if done is not None:
            flash(_("Vouchers name these subjects from now on.") if done[0] else _("Nothing was changed."))
            return leave(url_for("payments.subjects"))
    events = audit.history(office).where(AuditEvent.action == "subjects.changed").limit(20)
    return render(
        "payments/subjects.html",
        form=form,
        rows=[(kind, typed[kind], chart.SUBJECTS[kind]) for kind in AccountKind],
        may_change=me.can(P.PAYMENTS_MAKE, office),
        events=tell(db.session, me, db.session.scalars(events).all()),
    )

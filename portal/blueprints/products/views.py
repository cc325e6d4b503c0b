"""The list of products, one product, adding, changing, discontinuing."""

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.products import bp
from portal.blueprints.products.forms import ApprovalForm, ProductForm
from portal.blueprints.products.page import product_page
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection import products
from portal.domain.price_protection.models import PriceKind, Product
from portal.domain.price_protection.products import ProductFilter
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.excel import Column, record_export, workbook
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW
from portal.web.tables import count, page_of, sorting
from portal.web.words import word


def product_or_404(id: int) -> Product:
    """The product of this id; products are the whole company's."""
    return db.session.get(Product, id) or abort(404)


def _filter() -> ProductFilter:
    state = request.args.get("state", "current")
    return ProductFilter(
        q=request.args.get("q", "").strip()[:80],
        state=state if state in ("current", "discontinued") else "",
    )


@bp.get("/")
@requires(P.PRODUCTS_READ)
def index() -> ResponseReturnValue:
    """The list: current products first of all; narrowed and sorted as the address says."""
    wanted = _filter()
    return render(
        "products/index.html",
        fragment="products/_table.html",
        page=page_of(
            db.session,
            products.product_rows(wanted),
            sorts=products.SORTS,
            default="code",
            tie=Product.id,
        ),
        total=count(db.session, products.products()),
        wanted=wanted,
        kinds=list(PriceKind),
        may_write=actor().can(P.PRODUCTS_WRITE),
    )


@bp.get("/export")
@requires(P.PRODUCTS_READ)
def export() -> ResponseReturnValue:
    """The current view as an Excel file."""
    wanted = _filter()
    order = sorting(products.SORTS, default="code")
    statement = order.apply(products.product_rows(wanted), products.SORTS, tie=Product.id)
    rows = db.session.execute(statement).all()
    record_export(actor(), "products", count=len(rows), wanted=vars(wanted))
    columns = [
        Column(_("Product code")),
        Column(_("Product name and specification"), width=34),
        Column(_("Product name in English"), width=34),
        Column(_("Sales unit"), width=8),
        *(Column(word(kind), "money") for kind in PriceKind),
        Column(_("Approved until"), "date"),
        Column(_("Discontinued"), "date"),
    ]
    cells = ((r.code, r.name, r.name_en, r.unit, *r[6:10], r.approved_until, r.discontinued_at) for r in rows)
    return workbook(_("Products and prices"), columns, cells, f"{_('Products and prices')} {today()}.xlsx")


@bp.route("/new", methods=["GET", "POST"])
@requires(P.PRODUCTS_WRITE)
def new() -> ResponseReturnValue:
    """Add a product."""
    form = ProductForm()
    if form.validate_on_submit():
        made = submit(form, lambda: products.create_product(db.session, actor(), form.facts))
        if made is not None:
            flash(_("%(name)s has been added.", name=made.name))
            return leave(url_for("products.detail", id=made.id))
    return render("products/form.html", form=form, product=None, theirs=[])


@bp.get(f"/<{ROW}:id>")
@requires(P.PRODUCTS_READ)
def detail(id: int) -> ResponseReturnValue:
    """One product: what it is, what new agreements propose, which approvals hold, what happened to it."""
    return product_page(product_or_404(id), ApprovalForm(formdata=None))


@bp.route(f"/<{ROW}:id>/edit", methods=["GET", "POST"])
@requires(P.PRODUCTS_WRITE)
def edit(id: int) -> ResponseReturnValue:
    """Change a product; a form that somebody overtook shows both versions."""
    product = product_or_404(id)
    form = ProductForm() if request.method == "POST" else ProductForm.of(product)
    theirs: list[tuple[str, str, str]] = []
    if form.validate_on_submit():

        def work() -> bool:
            products.edit_product(db.session, actor(), product, form.facts, seen_version=form.seen_version)
            return True

        if submit(form, work):
            flash(_("%(name)s has been saved.", name=product.name))
            return leave(url_for("products.detail", id=id))
    if request.method == "POST" and form.seen_version != product.version:
        theirs = form.differing(product)
        form.version.data = str(product.version)
    return render("products/form.html", form=form, product=product, theirs=theirs)


@bp.post(f"/<{ROW}:id>/discontinue")
@requires(P.PRODUCTS_WRITE)
def discontinue(id: int) -> ResponseReturnValue:
    """Propose it to new agreements no more."""
    product, reason = product_or_404(id), request.form.get("reason", "")
    submit(None, lambda: products.discontinue(db.session, actor(), product, reason=reason))
    flash(_("%(name)s has been discontinued.", name=product.name))
    return leave(url_for("products.detail", id=id))


@bp.post(f"/<{ROW}:id>/resume")
@requires(P.PRODUCTS_WRITE)
def resume(id: int) -> ResponseReturnValue:
    """Propose it again."""
    product = product_or_404(id)
    submit(None, lambda: products.resume(db.session, actor(), product))
    flash(_("%(name)s is available for new agreements again.", name=product.name))
    return leave(url_for("products.detail", id=id))

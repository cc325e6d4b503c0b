"""The rows that the access table asks for, made alike in any region."""

import hashlib
from datetime import timedelta
from itertools import count

from sqlalchemy.orm import Session

from portal.db import today
from portal.domain.access.roles import Role
from portal.domain.distributors.models import Contact, DistributorDocument, ImportFile, Licence, NearSame
from portal.domain.documents import services as documents
from portal.domain.jobs.models import Job, JobState
from portal.domain.price_protection.models import (
    Agreement,
    AgreementPaper,
    AgreementScan,
    AgreementTerms,
    PriceApproval,
    PriceKind,
    Product,
    Status,
)
from portal.domain.regions.models import Region
from portal.domain.templates.services import ensure_template
from portal.domain.users.models import User
from tests.factories import Factory
from tests.paper_examples import example_payload

PDF = b"%PDF-1.7 fictional"
LIST = "经销商编码,经销商名称\nX-1,示例名单一号商贸有限公司\n".encode()
_numbers = count(1)


def rows_of_region(
    session: Session, make: Factory, region: Region, by: User | None = None
) -> dict[str, int | str]:
    """Ids by the name that the table gives them; an import belongs to whoever handed it in, here `by`."""
    owner = make.user(Role.SALESPERSON, region)
    distributor, other = make.distributor(region, owner), make.distributor(region, owner)
    granted = make.user(Role.TRAINER, region)
    number = next(_numbers)

    def kept(row: object) -> int:
        session.add(row)
        session.flush()
        return int(row.id)  # type: ignore[attr-defined]

    pdf = documents.store(session, PDF, filename="scan.pdf", by=owner)
    dealers = documents.store(session, LIST, filename="list.csv", by=by or owner, media_type="text/csv")
    product = Product(code=f"P-{number}", name=f"示例产品{number}", unit="瓶")
    template = ensure_template(session, "price-protection.zh")
    ids: dict[str, int | str] = {
        "region": region.id,
        "user": owner.id,
        "granted": granted.id,
        "grant": granted.grants[0].id,
        "distributor": distributor.id,
        "contact": kept(Contact(distributor_id=distributor.id, name="示例联系人", is_primary=True)),
        "licence": kept(Licence(distributor_id=distributor.id, kind="示例许可证")),
        "document": kept(
            DistributorDocument(distributor_id=distributor.id, document_id=pdf.id, title="执照")
        ),
        "flag": kept(NearSame(distributor_id=distributor.id, other_id=other.id)),
        "import": kept(ImportFile(document_id=dealers.id, by_id=(by or owner).id)),
        "job": kept(
            Job(
                kind="distributors.import",
                owner_id=(by or owner).id,
                region_id=region.id,
                params={"import_id": 0},
                state=JobState.QUEUED,
            )
        ),
        "product": kept(product),
        "approval": kept(
            PriceApproval(
                number=f"法核{number}",
                product_id=product.id,
                kind=PriceKind.MAXIMUM_RETAIL,
                valid_from=today(),
                valid_until=today() + timedelta(days=300),
                entered_by_id=owner.id,
            )
        ),
    }
    agreement = Agreement(
        number=f"PPA-TEST-{number}",
        distributor_id=distributor.id,
        region_id=region.id,
        template_id=template.id,
        author_id=owner.id,
        status=Status.SIGNED,
        signed_on=today(),
        effective_on=today(),
        expires_on=today() + timedelta(days=300),
        ends_on=today() + timedelta(days=300),
    )
    ids["agreement"] = kept(agreement)
    kept(AgreementTerms(agreement_id=agreement.id, effective_on=today(), rebate_ppm=30_000, base_share=60))
    paper = AgreementPaper(
        agreement_id=agreement.id,
        no=1,
        code=f"TESTCODE{number}",
        document_id=pdf.id,
        pages=6,
        payload={**example_payload(), "prices": [], "violations": []},
        payload_sha256=hashlib.sha256(b"").hexdigest(),
        made_by_id=owner.id,
    )
    kept(paper)
    ids["paper_code"] = paper.code
    ids["scan"] = kept(AgreementScan(agreement_id=agreement.id, document_id=pdf.id, filed_by_id=owner.id))
    session.commit()
    return ids

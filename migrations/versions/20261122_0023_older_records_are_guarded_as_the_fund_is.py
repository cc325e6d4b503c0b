"""Records from before the fund are guarded as the fund is: against TRUNCATE, and against REPLACE by any of their keys.

Revision ID: 0023
Revises: 0022
"""

from portal.guarding import allow_emptying, refuse_emptying, replace_by_none_of

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

EMPTIED = (
    "audit_event", "agreement_event", "template_release", "template_offer", "template_draft_step",
    "seal_certificate", "electronic_seal", "document", "document_blob", "agreement_scan", "deed_scan",
    "scan_pile", "scan_file", "scan_page", "scan_mark", "scan_return",
)  # fmt: skip
# Table → the keys it was guarded by, and those that it is guarded by now, besides its id.
REPLACED: dict[str, tuple[list[tuple[str, ...]], list[tuple[str, ...]]]] = {
    "template_release": ([], [("template_id",)]),
    "seal_certificate": ([], [("sha256",)]),
    "electronic_seal": ([], [("document_id",)]),
    "transfer": ([("key",), ("book_id", "no")], [("key",), ("book_id", "no"), ("reverses_id",)]),
    "scan_file": ([], [("pile_id", "no")]),
    "scan_page": ([], [("file_id", "no")]),
    "violation_case": ([], [("number",)]),
}


def upgrade() -> None:
    for table in EMPTIED:
        refuse_emptying(table)
    for table, (_, keys) in REPLACED.items():
        replace_by_none_of(table, keys)
    # Two readers of one pile may find the same paper: the second row is passed over.
    replace_by_none_of("scan_return", [("pile_id", "amendment_id"), ("pile_id", "termination_id")], quietly=True)


def downgrade() -> None:
    replace_by_none_of("scan_return", [])
    for table, (keys, _) in REPLACED.items():
        replace_by_none_of(table, keys)
    for table in EMPTIED:
        allow_emptying(table)

"""Every page that a person can open, in one place: add yours, and both languages and widths are looked at."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PageLine:
    """A page: who opens it and its address; `{distributor}` and the like are ids of the tests' world."""

    name: str
    user: str
    path: str
    status: int = 200

    def __str__(self) -> str:
        return self.name


PAGES = (
    PageLine("sign-in", "", "/login"),
    PageLine("workbench", "manager", "/"),
    PageLine("account", "manager", "/account"),
    PageLine("not found", "manager", "/no-such-page", 404),
    PageLine("distributors", "manager", "/distributors/"),
    PageLine("distributors, second page", "manager", "/distributors/?page=2&sort=office&dir=desc"),
    PageLine("distributors, nothing fits", "manager", "/distributors/?q=zzzz"),
    PageLine("distributors, none yet", "newcomer", "/distributors/"),
    PageLine("a distributor of whom much is missing", "manager", "/distributors/{distributor.id}"),
    PageLine("a distributor of whom all is known", "manager", "/distributors/{full.id}"),
    PageLine("a distributor, read only", "counsel", "/distributors/{full.id}"),
    PageLine("a distributor's downstream", "manager", "/distributors/{full.id}/downstream/{full.id}"),
    PageLine("registering a distributor", "sales", "/distributors/new"),
    PageLine("editing a distributor", "manager", "/distributors/{full.id}/edit"),
    PageLine("a new contact", "manager", "/distributors/{full.id}/contacts/new"),
    PageLine("editing a contact", "manager", "/distributors/{full.id}/contacts/{contact.id}/edit"),
    PageLine("erasing a contact", "manager", "/distributors/{full.id}/contacts/{contact.id}/erase"),
    PageLine("a new licence", "manager", "/distributors/{full.id}/licences/new"),
    PageLine("editing a licence", "manager", "/distributors/{full.id}/licences/{licence.id}/edit"),
    PageLine("filing a document", "manager", "/distributors/{full.id}/documents/new"),
    PageLine("withdrawing a document", "manager", "/distributors/{full.id}/documents/{document.id}/withdraw"),
    PageLine("one company or two", "manager", "/distributors/{full.id}/likeness/{flag.id}"),
    PageLine("search", "manager", "/search?q=示例"),
    PageLine("search, nothing found", "manager", "/search?q=zzzz"),
    PageLine("search, no words", "manager", "/search"),
    PageLine("keyboard shortcuts", "manager", "/keys"),
    PageLine("my tasks", "manager", "/tasks/"),
    PageLine("a task that waits", "manager", "/tasks/{job.id}"),
    PageLine("a task that failed", "manager", "/tasks/{failed.id}"),
)

# On the demo's data, which is what a newcomer sees first; users are the demo's.
DEMO_PAGES = (
    PageLine("sign-in of the demo", "", "/login"),
    PageLine("workbench of a manager", "manager-hz", "/"),
    PageLine("workbench of a director", "director", "/"),
    PageLine("workbench of counsel", "counsel", "/"),
    PageLine("the demo's distributors", "director", "/distributors/"),
    PageLine("a distributor of the demo", "director", "/distributors/{distributor}"),
    PageLine("importing dealers", "admin", "/distributors/import"),
    PageLine("agreements", "director", "/agreements/"),
    PageLine("agreements, nothing fits", "director", "/agreements/?q=zzzz"),
    PageLine("writing an agreement", "director", "/agreements/new?distributor={distributor}"),
    PageLine("writing an agreement, no distributor yet", "director", "/agreements/new"),
    PageLine("a draft", "director", "/agreements/{draft}/"),
    PageLine("editing a draft", "director", "/agreements/{draft}/edit"),
    PageLine("an agreement awaiting approval", "director", "/agreements/{submitted}/"),
    PageLine("reviewing an agreement", "director", "/agreements/{submitted}/review"),
    PageLine("an approved agreement", "director", "/agreements/{approved}/"),
    PageLine("recording the signing", "director", "/agreements/{approved}/signing"),
    PageLine("a signed agreement", "director", "/agreements/{signed}/"),
    PageLine("terminating an agreement", "director", "/agreements/{signed}/termination"),
    PageLine("amending an agreement", "director", "/agreements/{signed}/amend"),
    PageLine("an amendment", "director", "/agreements/{amended}/amendments/{amendment}/"),
    PageLine("an amended agreement on a past day", "director", "/agreements/{amended}/?on=2026-01-15"),
    PageLine("checking an amendment", "director", "/verify/{deed_paper}?p=1"),
    PageLine("a notice of termination", "director", "/agreements/{terminated}/notices/{notice}/"),
    PageLine("a terminated agreement", "director", "/agreements/{terminated}/"),
    PageLine("printing several", "director", "/agreements/print?id={approved}&id={signed}&id={draft}"),
    PageLine("printing all that a list shows", "director", "/agreements/print?all=1"),
    PageLine("renewals in batches", "director", "/agreements/batches/"),
    PageLine("drafts as a table", "director", "/agreements/batches/drafts"),
    PageLine("choosing a batch", "director", "/agreements/batches/new"),
    PageLine("choosing a batch, nothing fits", "director", "/agreements/batches/new?q=zzzz"),
    PageLine("originals", "director", "/papers/"),
    PageLine("originals, nothing fits", "director", "/papers/?q=zzzz"),
    PageLine("originals to be sealed", "director", "/papers/?stage=not_asked"),
    PageLine("originals not back yet", "director", "/papers/out"),
    PageLine("asking for a seal", "director", "/papers/ask?stage=not_asked&all=1"),
    PageLine("seal applications", "finance", "/papers/applications/"),
    PageLine("a seal application to decide about", "finance", "/papers/applications/{application}/"),
    PageLine("packing originals", "director", "/papers/pack?all=1"),
    PageLine("parcels", "director", "/papers/parcels/"),
    PageLine("a parcel", "director", "/papers/parcels/{parcel}/"),
    PageLine("handing parcels over", "director", "/papers/send?all=1"),
    PageLine("the courier's numbers", "director", "/papers/parcels/numbers"),
    PageLine("what came back", "director", "/papers/back?stage=out&all=1"),
    PageLine("a wrong return", "director", "/papers/{original}/correct"),
    PageLine("filing originals", "director", "/papers/file?stage=back&all=1"),
    PageLine("reminders of what is out", "admin", "/papers/reminders"),
    PageLine("products", "director", "/products/"),
    PageLine("a product", "counsel", "/products/{product}"),
    PageLine("a new product", "director", "/products/new"),
    PageLine("editing a product", "director", "/products/{product}/edit"),
    PageLine("templates", "counsel", "/templates/"),
    PageLine("a template", "counsel", "/templates/price-protection.zh"),
    PageLine("checking a paper", "director", "/verify/"),
    PageLine("checking an approved paper", "director", "/verify/{paper}?p=2"),
    PageLine("checking a page that does not belong", "director", "/verify/{paper}?p=99"),
    PageLine("checking a paper that is unknown", "director", "/verify/ABCD-EFGH"),
    PageLine("administration", "admin", "/admin/"),
    PageLine("users", "admin", "/admin/users"),
    PageLine("a user", "admin", "/admin/users/{user}"),
    PageLine("handing over", "admin", "/admin/users/{user}/hand-over"),
    PageLine("a new user", "admin", "/admin/users/new"),
    PageLine("regions", "admin", "/admin/regions"),
    PageLine("a region", "admin", "/admin/regions/{region}"),
    PageLine("a new region", "admin", "/admin/regions/new"),
    PageLine("settings", "admin", "/admin/settings"),
    PageLine("audit trail", "admin", "/admin/audit"),
    PageLine("numbering", "admin", "/admin/numbering"),
    PageLine("system check", "admin", "/admin/health"),
    PageLine("not for a salesperson", "sales-hz", "/admin/users", 403),
)

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
    PageLine("search", "manager", "/search?q=示例"),
    PageLine("search, nothing found", "manager", "/search?q=zzzz"),
    PageLine("search, no words", "manager", "/search"),
)

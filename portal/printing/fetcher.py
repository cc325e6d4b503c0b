"""What a paper may load: our own font files, by name, and nothing else in the world."""

from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from portal.printing.health import FACES, FONTS

SCHEME = "portal:fonts/"


class Nothing(URLFetcher):
    """Refuse every address and stop the printing: what a paper says must never be fetched."""

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
        """Refuse."""
        raise FatalURLFetchingError(f"A paper may not load anything, and this one asked for {url!r}.")


class OwnFonts(Nothing):
    """Give our own fonts to our own style sheet."""

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
        """Read a font that is on the list; refuse anything else."""
        name = url.removeprefix(SCHEME)
        if not url.startswith(SCHEME) or name not in FACES:
            return super().fetch(url, headers)
        return URLFetcherResponse(url, (FONTS / name).read_bytes(), {"Content-Type": "font/ttf"})

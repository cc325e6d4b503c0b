"""Limits, and why a file is not read, in words; apart from what reads it, so that saying it loads nothing heavy."""

from portal.domain.i18n import N_

MOST_PAGES = 2_000  # of one file
MOST_PIXELS = 120_000_000  # of one picture: A3 in colour at 600 dpi has 70 million

PASSWORD = N_("The PDF is protected by a password. Save it without a password and upload it again.")
BROKEN = N_("The file is damaged and cannot be opened. Scan it again or export it anew.")
TOO_MANY = N_("The file has more than %(most)s pages. Split it and upload the parts.")
TOO_LARGE = N_("This image has more than %(millions)s million pixels. Scan it again, with 300 dpi.")
EMPTY = N_("The file has no pages.")
CUT = N_(
    "The file is cut off after %(pages)s whole pages: it was not copied to its end. "
    "Copy it from the scanner again and upload it whole."
)

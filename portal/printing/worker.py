"""What runs in the printing process."""

import gc

from portal.printing.job import PrintJob
from portal.printing.pdf import Attached, CodePlace, write_pdf

# The code stands at the foot, right; the middle of the right edge stays free for the seal across pages. Its 33
# modules (`qr`) are 0.4 mm each: smaller ones are lost in a photograph or a scan of 150 dpi.
FULL_PLACE = CodePlace(side_mm=13.5, right_mm=24.57, bottom_mm=6.5)
SMALL_PLACE = CodePlace(side_mm=13.2, right_mm=12, bottom_mm=6)

# What is loaded now stays for good: looking through it for garbage again and again is a tenth of a render.
gc.collect()
gc.freeze()


def print_job(job: PrintJob) -> tuple[bytes, int]:
    """Lay a job out; give the PDF and its number of pages."""
    attached = None
    if job.attached is not None:
        attached = Attached("agreement.json", "协议数据", job.attached)
    return write_pdf(
        job.html,
        styles=job.styles,
        made_at=job.made_at,
        identifier=job.identifier,
        attached=attached,
        verify_url=job.verify_url,
        code_place=SMALL_PLACE if job.is_small else FULL_PLACE,
        codes=job.codes,
    )

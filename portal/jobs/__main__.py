"""`python -m portal.jobs`: a worker."""

import logging

from portal import create_app
from portal.jobs.worker import main

if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    main(create_app())

"""`python -m portal.jobs`: a worker."""

import logging

from portal.jobs.worker import main
from wsgi import app

if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    main(app)

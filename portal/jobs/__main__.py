"""`python -m portal.jobs`: a worker."""

import logging

if __name__ == "__main__":
    # Each process that this one starts runs this file again under another name: it prints, and needs none of these.
    from portal.jobs.worker import main
    from wsgi import app

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    main(app)

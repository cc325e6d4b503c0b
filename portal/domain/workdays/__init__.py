"""Working days in China: the State Council's yearly list, and what the company says otherwise."""

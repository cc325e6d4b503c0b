"""The yardstick for the register's pages: Django's admin on the same tables, in an environment of its own."""

"""What the portal needs of its machine, its database and its settings, looked at one by one."""

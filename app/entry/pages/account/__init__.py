"""Pages of one's own account, and of applying for one."""

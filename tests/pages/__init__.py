"""The pages in a browser, and what is read of them without one."""

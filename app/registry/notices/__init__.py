"""Notices: what people hear of acts that concern them, in the register and by mail."""

"""Applications for an account: who asks to be let in, with what, and what two officers decide."""

"""How measured activity becomes tonnes: exact, versioned, and computable again for ever."""

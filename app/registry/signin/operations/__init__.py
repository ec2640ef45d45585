"""What happens when somebody signs in, proves who they are, or stops."""

from app.registry.signin.operations.factors import (
    ConfirmFactor,
    Proof,
    confirm,
    confirm_factor,
    enrol,
    remove_factor,
    remove_factor_of,
    replace_recovery_codes,
    use_confirmation,
    use_proof,
)
from app.registry.signin.operations.guesses import (
    enter_guess,
    forget_guesses,
    forgive_guesses,
    take_guess_back,
)
from app.registry.signin.operations.sessions import (
    begin_session,
    forget_user,
    present,
    refresh,
    set_password,
    sign_out,
    sign_out_everywhere,
)
from app.registry.signin.operations.signed import take_signed

__all__ = [
    "ConfirmFactor",
    "Proof",
    "begin_session",
    "confirm",
    "confirm_factor",
    "enrol",
    "enter_guess",
    "forget_guesses",
    "forget_user",
    "forgive_guesses",
    "present",
    "refresh",
    "remove_factor",
    "remove_factor_of",
    "replace_recovery_codes",
    "set_password",
    "sign_out",
    "sign_out_everywhere",
    "take_guess_back",
    "take_signed",
    "use_confirmation",
    "use_proof",
]

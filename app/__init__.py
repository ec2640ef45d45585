"""
The carbon credit registry: where to start reading.

Three folders are the three layers, and imports only go down:

    entry      ways in: HTTP, command line; parse, authenticate, hand over, show
    registry   the business, one folder per subject
    kernel     shared tools that know no business

Inside a subject: ``rules`` decide (pure), ``store`` keeps (all SQL), ``operations`` do (one
function per act). A credit's life runs through the subjects from the bottom up: a later step knows
the earlier ones, never the reverse (the order is contract 2 in ``pyproject.toml``):

    replay         the register as its log tells it: what outsiders run
    erasure        what people wrote, and who they were, taken out of the tables on request
    notices        what people hear of acts that concern them, in the register and by mail
    history        blocks and retirements taken over from another registry
    pairs          acts of TGO that take two people, where a dated rule says so
    compensation   what is owed for credits issued in excess or lost again, and who made it good
    issuance       TGO's decision, and the minting of serialised credits
    verification   the opinion of a validation and verification body (VVB)
    monitoring     what was measured in a period, split by vintage
    measuring      how measured activity becomes tonnes: units, factors, calculators, meters
    activities     who reduces emissions, where, under which methodology
    orders         what TGO orders by two officers: freezes, releases, reversals of errors, cases
    documents      evidence files, written once
    methodologies  the catalogue: versions, crediting period rules, buffer
    transfers      proposed transfers: two people, trusted accounts, waiting in transit
    applications   who asks for an account, with what, and what two officers decide
    programmes     schemes and their dated rule values
    ledger         accounts, blocks of serials, movements, balances
    calendar       public holidays, working days, clocks that stop
    signin         sessions, second factors, confirmations, and how often one may guess
    parties        organisations, people, roles, the policy
    provinces      the 77 provinces
    log            the Merkle log that every act is sealed into, and the pen

Every change of the register takes one road: an entry builds an act, the committer
(``entry/committer.py``) takes the pen, runs the act's operation, seals its leaf and commits; only
then does the caller hear of it.

What is recorded comes out (``entry/publishing``): a process of its own signs the log and writes it
as files that anybody can check, witnesses (``entry/witness``) watch that it only grows, and whoever
does not trust any of it replays everything (``entry/verifying``, ``registry/replay``).

Words. A *credit* is one serial and 1 tCO2e. A *batch* is what one issuance mints for one vintage:
serials 1..n. A *block* is a run of serials of one batch in one account. A *movement* takes blocks
from one account to another. A *retirement* is a movement into the retired account, in somebody's
name, for good. An *act* is anything that changes the register; its *leaf* is the exact bytes the
log keeps of it, and its *log index* is its place and its identifier.
"""

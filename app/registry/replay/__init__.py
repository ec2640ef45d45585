"""
The register as its log tells it: what an outsider runs over the exact bytes of every leaf.

``leaves`` are the shapes of all acts and ``schema`` publishes them; ``blocks`` and ``ledger`` carry
credits, ``standing``, ``activities``, ``reports`` and ``issuance`` what leads to them; ``shelf``
keeps on disk what memory should not; ``replay`` plays leaf after leaf, and ``state`` writes the
outcome as text, to be compared with what the register itself publishes. No database, no web.
"""

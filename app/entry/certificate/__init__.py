"""
Certificates of retirements as files to keep: one page and more, the same bytes for every reader.

``characters`` says what the typeface can show, ``words`` says codes and dates in Thai and English,
``sheet`` sets a certificate by the form beside it, and ``setting`` does that in turns.
"""

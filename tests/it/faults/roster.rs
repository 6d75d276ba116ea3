//! Rows R1 to R10: the roster is missing, cut, renamed, shrunk, stale or contradicts itself.

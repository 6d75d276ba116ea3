//! Rows T1 to T9: trackers that lose answers, mass findings, hostile names, metrics, and paths that are traps.

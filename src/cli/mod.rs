//! The command line.


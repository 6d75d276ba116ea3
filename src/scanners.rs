//! THE list of scanners.

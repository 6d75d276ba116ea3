//! Rows P1 to P12: lists that end early, repeat, shift, expire or hide.

//! The live scanner.

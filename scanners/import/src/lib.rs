//! To be filled.

/// Settings of this scanner.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {}

//! What is wrong with a line.

use crate::tally::short;

/// Why an access that is sound JSON cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// A field is missing or not of its sort.
    Wrong { key: &'static str, expected: &'static str },
    /// A word of a closed vocabulary that we do not know.
    Word { key: &'static str, word: String },
    /// The header does not claim this scope.
    ForeignScope(String),
}

impl Fault {
    pub(super) fn says(&self) -> String {
        match self {
            Self::Wrong { key, expected } => format!("{key}: expected {expected}"),
            Self::Word { key, word } => format!("{key}: {:?} is not in its vocabulary", short(word)),
            Self::ForeignScope(name) => format!("scope: {:?} is not among the scopes of the header", short(name)),
        }
    }
}

//! The scopes of one file.

use std::collections::HashMap;

use scan_contract::ScopeName;

/// Names that are compared one by one.
const FEW: usize = 8;

/// The scopes that the header claims, numbered in its order.
#[derive(Debug)]
pub(super) struct ScopeTable {
    /// As the header writes them.
    written: Vec<String>,
    numbers: HashMap<String, u16>,
    /// As the engine knows them.
    names: Vec<ScopeName>,
}

impl ScopeTable {
    /// Pairs of what the header writes and what the engine was told.
    pub(super) fn new(scopes: impl IntoIterator<Item = (String, ScopeName)>) -> Self {
        let (written, names): (Vec<_>, Vec<_>) = scopes.into_iter().unzip();
        let numbers = written.iter().cloned().zip(0..).collect();
        Self { written, numbers, names }
    }

    #[inline]
    pub(super) fn is(&self, number: u16, written: &str) -> bool {
        self.written.get(usize::from(number)).is_some_and(|known| known == written)
    }

    pub(super) fn find(&self, written: &str) -> Option<u16> {
        // Comparing a few names is cheaper than hashing one.
        if self.written.len() <= FEW {
            return (0..).zip(&self.written).find(|(_, known)| *known == written).map(|(number, _)| number);
        }
        self.numbers.get(written).copied()
    }

    pub(super) fn name(&self, number: u16) -> &ScopeName {
        &self.names[usize::from(number)]
    }

    /// Number, name in the file, name for the engine.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u16, &str, &ScopeName)> {
        (0..).zip(&self.written).zip(&self.names).map(|((number, written), name)| (number, written.as_str(), name))
    }
}

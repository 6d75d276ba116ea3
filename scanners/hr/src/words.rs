//! The words each system uses before anybody changes its lists.

use std::collections::BTreeMap;

use crate::column::Column;
use crate::source::System;
use crate::{bamboohr, entra, hibob, okta, personio, rippling};

/// Column, canonical word, and the source's words that mean it.
pub(crate) type Words = &'static [(Column, &'static str, &'static [&'static str])];

/// What a source says, by column: canonical word to the source's words.
pub type Vocabulary = BTreeMap<String, BTreeMap<String, Vec<String>>>;

impl System {
    /// The system's own words. A word that is not among them, and that the configuration does not explain either,
    /// rejects its row: it is never read as "active".
    pub fn words(&self) -> Vocabulary {
        let words: Words = match self {
            Self::BambooHr(_) => bamboohr::WORDS,
            Self::HiBob(_) => hibob::WORDS,
            Self::Personio(_) => personio::WORDS,
            Self::Rippling(_) => rippling::WORDS,
            Self::Okta(_) => okta::WORDS,
            Self::Entra(_) => entra::WORDS,
            // Whoever wrote the report chose the words.
            Self::Workday(_) | Self::HttpJson(_) => &[],
        };
        let mut vocabulary = Vocabulary::new();
        for (column, canonical, theirs) in words {
            let entry = vocabulary.entry(String::from(column.as_str())).or_default();
            entry.entry(String::from(*canonical)).or_default().extend(theirs.iter().map(|word| String::from(*word)));
        }
        vocabulary
    }

    /// Texts that mean that there is no value.
    pub fn none_values(&self) -> &'static [&'static str] {
        match self {
            Self::BambooHr(_) => bamboohr::NONE,
            Self::Workday(_)
            | Self::HiBob(_)
            | Self::Personio(_)
            | Self::Rippling(_)
            | Self::Okta(_)
            | Self::Entra(_)
            | Self::HttpJson(_) => &[],
        }
    }
}

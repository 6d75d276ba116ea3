//! The accepted roster as a later run sees it: a line a person for comparing, and the people themselves where they
//! are needed.

use std::collections::{BTreeMap, BTreeSet};

use scan_contract::Instant;
use serde::{Deserialize, Serialize};

use super::archive::{Archive, ArchiveError, REMEMBERED, TOMBSTONES};
use super::claims::Window;
use super::figures::Figures;
use super::intake::Packing;
use super::model::{Claim, ClaimKind, EndBasis, Person};
use super::people::PersonNote;
use super::settings::SourceCoverage;
use super::sources::{Reader, Reading};

/// One person of the accepted roster, as far as the next one is compared with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Remembered {
    /// Person id.
    pub(super) id: String,
    /// Source of the last stint.
    pub(super) source: String,
    /// Whether the person had left when the roster was accepted.
    pub(super) left: bool,
    /// Whether that end was only presumed from absence.
    pub(super) presumed: bool,
    /// Whether the person, or one of the stints, stands in no file any more.
    pub(super) tombstone: bool,
    /// Whether the address is kept although it stands in no file any more.
    #[serde(default)]
    pub(super) address_kept: bool,
    /// Hash of the current address; 0 without one.
    pub(super) address: u64,
    /// Hashes of the names.
    pub(super) names: [u32; 3],
    /// Latest change the source told of.
    pub(super) updated_at: Option<Instant>,
    /// Start, end, and since when that end was known.
    pub(super) stints: Vec<(Instant, Option<Instant>, Option<Instant>)>,
}

impl Remembered {
    /// Whether the person has left at `now`: then already, or by an end that was known then and has passed since.
    pub(super) fn has_left_by(&self, now: Instant) -> bool {
        let is_open =
            |(start, end, _): &(Instant, Option<Instant>, _)| *start <= now && end.is_none_or(|end| end > now);
        self.left || (self.last_end(now).is_some() && !self.stints.iter().any(is_open))
    }

    /// The last end that had passed at `now`.
    pub(super) fn last_end(&self, now: Instant) -> Option<Instant> {
        self.stints.iter().filter_map(|(_, end, _)| *end).filter(|end| *end <= now).max()
    }
}

/// A claim of somebody who stands in no file any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptClaim {
    pub(super) kind: ClaimKind,
    pub(super) system: Option<String>,
    pub(super) value: String,
    pub(super) from: Option<Instant>,
    pub(super) until: Option<Instant>,
    pub(super) personal: bool,
}

impl KeptClaim {
    pub(super) fn of(claim: &Claim<'_>) -> Self {
        Self {
            kind: claim.kind,
            system: claim.system.map(str::to_owned),
            value: claim.value.to_owned(),
            from: claim.from,
            until: claim.until,
            personal: claim.personal,
        }
    }

    pub(super) fn window(&self) -> Window {
        Window { from: self.from, until: self.until }
    }
}

/// A person whose last known intervals stay in force although the files no longer tell them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Tombstone {
    pub(super) person: Person,
    pub(super) claims: Vec<KeptClaim>,
    pub(super) names: [u32; 3],
    pub(super) address: u64,
    pub(super) updated_at: Option<Instant>,
}

impl Tombstone {
    pub(super) fn note(&self) -> PersonNote {
        PersonNote { updated_at: self.updated_at, names: self.names, address: self.address, unreadable: false }
    }
}

/// The accepted roster, opened.
#[derive(Debug)]
pub(super) struct Past {
    archive: Archive,
    pub(super) figures: Figures,
    /// What each source covered.
    pub(super) coverage: BTreeMap<String, SourceCoverage>,
}

impl Past {
    pub(super) fn open(archive: &[u8], figures: &str) -> Result<Self, ArchiveError> {
        let archive = Archive::open(archive)?;
        let figures = Figures::parse(figures).map_err(ArchiveError::Damaged)?;
        let coverage = archive.settings().sources.iter().map(|source| (source.id.clone(), source.coverage)).collect();
        Ok(Self { archive, figures, coverage })
    }

    /// Visits every person, in order of id.
    pub(super) fn for_each(&self, each: &mut dyn FnMut(Remembered)) -> Result<(), ArchiveError> {
        self.archive.lines(REMEMBERED, each)
    }

    /// Visits everybody who stands in no file any more.
    pub(super) fn for_each_tombstone(&self, each: &mut dyn FnMut(Tombstone)) -> Result<(), ArchiveError> {
        self.archive.lines(TOMBSTONES, each)
    }

    /// Reads its files again; only these people, where given. Without tombstones.
    pub(super) fn read(&self, now: Instant, end_basis: EndBasis, only: Option<BTreeSet<String>>) -> Reading {
        let settings = self.archive.settings();
        Reader { settings, documents: &self.archive, now, end_basis, packing: Packing::Forget }.read(only)
    }
}

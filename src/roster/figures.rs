//! Figures of an accepted roster, kept for the gates of later ones.

use std::collections::BTreeMap;

use scan_contract::Instant;
use serde::{Deserialize, Serialize};

use super::model::{ClaimKind, LeavePolicy, Standing};
use super::people::People;
use super::sources::Reading;
use crate::normal;

/// Version of the figures' form. A program that does not know a version compares with nothing and says so.
const VERSION: u32 = 1;
/// How many mail domains are kept, most frequent first.
const DOMAINS: usize = 20;

/// Figures of one source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct SourceFigures {
    pub(super) rows: u64,
    /// Header set, sorted.
    pub(super) headers: Vec<String>,
    pub(super) as_of: Option<Instant>,
    pub(super) by_file_time: bool,
    pub(super) sha256: String,
}

/// What small steps added up to since the baseline (ROS-15). Steps an operator accepted by name are not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Sums {
    pub(super) newly_ended: u64,
    pub(super) taken_back: u64,
    pub(super) lost_ids: u64,
    pub(super) lost_addresses: u64,
}

/// Figures of a whole roster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Figures {
    version: u32,
    pub(super) counted_at: Instant,
    pub(super) digest: String,
    pub(super) people: u64,
    pub(super) active: u64,
    pub(super) ended: u64,
    pub(super) not_judged: u64,
    /// People by the domain of an address of theirs.
    pub(super) domains: BTreeMap<String, u64>,
    /// Addresses in all.
    pub(super) addresses: u64,
    pub(super) sources: BTreeMap<String, SourceFigures>,
    pub(super) sums: Sums,
    /// Figures of the last roster an operator accepted by name: a swing that was accepted is not held against the
    /// rosters after it.
    pub(super) anchor: Option<Box<Figures>>,
}

impl Figures {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let figures: Self = serde_json::from_str(text).map_err(|error| format!("figures cannot be read: {error}"))?;
        if figures.version != VERSION {
            return Err(format!("figures have version {}, this program knows {VERSION}", figures.version));
        }
        Ok(figures)
    }

    pub(super) fn to_text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Counts a roster at an instant.
    pub(super) fn count(reading: &Reading, now: Instant, leave: LeavePolicy) -> Self {
        let mut figures = Self {
            version: VERSION,
            counted_at: now,
            digest: reading.digest.as_ref().map(|digest| digest.0.clone()).unwrap_or_default(),
            people: reading.people.sorted.len() as u64,
            active: 0,
            ended: 0,
            not_judged: 0,
            domains: BTreeMap::new(),
            addresses: 0,
            sources: BTreeMap::new(),
            sums: Sums::default(),
            anchor: None,
        };
        for person in &reading.people.sorted {
            match person.standing(now, leave) {
                Standing::Employed { .. } | Standing::Suspended { .. } => figures.active += 1,
                Standing::Left { .. } => figures.ended += 1,
                Standing::NotJudged { .. } => figures.not_judged += 1,
                Standing::NotStarted => {}
            }
        }
        figures.count_domains(&reading.people);
        for source in &reading.sources {
            let Some(taken) = &source.taken else { continue };
            let mut headers = source.table.headers.clone();
            headers.sort();
            figures.sources.insert(
                source.id.clone(),
                SourceFigures {
                    rows: source.table.rows,
                    headers,
                    as_of: source.as_of,
                    by_file_time: source.by_file_time,
                    sha256: taken.sha256.clone(),
                },
            );
        }
        figures
    }

    /// Domains of current work addresses: earlier ones and private ones say nothing about the shape of this roster.
    fn count_domains(&mut self, people: &People) {
        let mut domains: BTreeMap<String, u64> = BTreeMap::new();
        people.claims.visit(&mut |claim| {
            if claim.kind != ClaimKind::Email || claim.personal || claim.until.is_some() || claim.from.is_some() {
                return;
            }
            let folded = normal::fold(claim.value);
            let Some((_, domain)) = normal::split_address(&folded) else { return };
            self.addresses += 1;
            match domains.get_mut(domain) {
                Some(count) => *count += 1,
                None => {
                    domains.insert(domain.to_owned(), 1);
                }
            }
        });
        let mut sorted: Vec<(String, u64)> = domains.into_iter().collect();
        sorted.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
        sorted.truncate(DOMAINS);
        self.domains = sorted.into_iter().collect();
    }

    /// The figures without an older anchor.
    pub(super) fn as_anchor(&self) -> Self {
        Self { anchor: None, ..self.clone() }
    }

    /// What a week's small steps are compared with: the roster of a week ago, or the last one an operator accepted
    /// since.
    pub(super) fn base_of_week<'a>(&'a self, week_ago: &'a Self) -> &'a Self {
        match self.anchor.as_deref() {
            Some(anchor) if anchor.counted_at > week_ago.counted_at => anchor,
            _ => week_ago,
        }
    }

    /// Share of all addresses that lie in these domains.
    pub(super) fn share_in<'a>(&self, domains: impl Iterator<Item = &'a String>) -> f64 {
        let people: u64 = domains.filter_map(|domain| self.domains.get(domain)).sum();
        if self.addresses == 0 { 0.0 } else { people as f64 / self.addresses as f64 }
    }

    /// Domains that hold at least a twentieth of all addresses.
    pub(super) fn main_domains(&self) -> impl Iterator<Item = &String> {
        self.domains.iter().filter(|(_, people)| *people * 20 >= self.addresses).map(|(domain, _)| domain)
    }
}

//! Exceptions: who may keep what until when, and what is wrong with the file.

use std::fmt::Write as _;
use std::path::Path;

use chrono::TimeDelta;
use holdover::exceptions::ExceptionFile;
use holdover_kit::random::Random;
use scan_contract::Instant;

use crate::truth::{CAST, Truth, person_id};

/// One exception.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Allowed {
    person: usize,
    system: &'static str,
    from: Instant,
    until: Instant,
    /// Whether it passes the checks: the other ones approved what they asked for themselves.
    valid: bool,
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exceptions {
    all: Vec<Allowed>,
}

fn written(at: Instant) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl Exceptions {
    /// Somebody who left may keep something for a few days, or nobody asks for it.
    pub(crate) fn grant_some(&mut self, truth: &Truth, random: &mut Random) {
        if !random.chance(14) {
            return;
        }
        let leavers: Vec<usize> = (0..CAST).filter(|person| truth.has_left(*person)).collect();
        let system = *random.pick(&["crm", "hub", "okta"]);
        let (days, valid) = (random.below(3), random.chance(80));
        let Some(person) = leavers.get(random.position(leavers.len().max(1))).copied() else { return };
        if self.all.iter().any(|known| known.person == person && known.system == system) {
            return;
        }
        let from = truth.now - TimeDelta::hours(1);
        let until = truth.now + TimeDelta::hours(12) + TimeDelta::days(i64::try_from(days).expect("few"));
        self.all.push(Allowed { person, system, from, until, valid });
    }

    /// The file.
    pub(crate) fn file(&self, broken: bool) -> ExceptionFile {
        let mut text = String::from("version: 1\nexceptions:\n");
        if broken {
            text.push_str("  - [\n");
        }
        for (number, one) in self.all.iter().enumerate() {
            let (person, system) = (person_id(one.person), one.system);
            let (from, until) = (written(one.from), written(one.until));
            let asks = if one.valid { "p-100" } else { "p-101" };
            write!(
                text,
                "  - id: EX-2026-{number:04}\n    type: transition\n    scope: {{ person_id: {person}, system: {system} }}\n    reason: The handover of the quarter is not done before then.\n    requested_by: {asks}\n    approved_by: [p-101]\n    approved_at: {from}\n    starts_at: {from}\n    expires_at: {until}\n    review: {{ owner: p-101 }}\n"
            )
            .expect("text");
        }
        if self.all.is_empty() && !broken {
            return ExceptionFile::none();
        }
        ExceptionFile::read(Path::new("exceptions.yaml"), &text)
    }

    /// Whether one that holds covers a person in a system at the time of a run.
    pub(crate) fn cover(&self, person: usize, system: &str, now: Instant) -> bool {
        self.all
            .iter()
            .any(|one| one.valid && one.person == person && one.system == system && one.from <= now && now < one.until)
    }

    /// Whether one fails its checks at the time of a run.
    pub(crate) fn has_invalid(&self, now: Instant) -> bool {
        self.all.iter().any(|one| !one.valid && now < one.until)
    }
}

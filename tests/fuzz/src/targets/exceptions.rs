//! The exceptions: who may keep what until when.

use std::path::Path;
use std::sync::Arc;

use holdover::exceptions::{Employment, ExceptionFile, ExceptionState, People, Surroundings, Usage, limits};
use holdover::roster::RoleTier;
use scan_contract::Instant;

use crate::help::{now, problems};

pub(super) const HOLDS: &str = "every entry is judged or a mistake that lies in the text; one that is in force has begun, has not \
    ended, was approved and is no longer than any type allows; a file that cannot be used covers nothing";

/// A company in which everybody is known; who is called `gone` left.
struct Company;

impl People for Company {
    fn exists(&self, person_id: &str) -> bool {
        person_id != "unknown"
    }

    fn employed_at(&self, person_id: &str, _: Instant) -> Employment {
        if person_id.starts_with("gone") { Employment::NotEmployed } else { Employment::Employed }
    }

    fn left_at(&self, person_id: &str, now: Instant) -> Option<Instant> {
        person_id.starts_with("gone").then(|| now - chrono::TimeDelta::days(30))
    }

    fn batch(&self, _: &str) -> Option<Arc<str>> {
        None
    }

    fn tier(&self, _: &str) -> Option<RoleTier> {
        Some(RoleTier::Tier3)
    }
}

pub(super) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let file = ExceptionFile::read(Path::new("exceptions.yaml"), &text);
    problems::check(&text, &file.problems());
    let around = Surroundings {
        people: &Company,
        system_tier: &|system| (system != "unknown").then_some(RoleTier::Tier3),
        fingerprint_owner: &|_| None,
        now: now(),
    };
    let exceptions = file.judge(&around);
    problems::check(&text, &exceptions.problems());
    assert!(!exceptions.is_unusable() || exceptions.judged().is_empty(), "an unusable file has entries");
    for judged in exceptions.judged() {
        if judged.state_at(now()) == ExceptionState::Active {
            let exception = &judged.exception;
            assert!(judged.problems.is_empty());
            assert!(exception.starts_at <= now() && exception.expires_at > now(), "{exception:?}");
            let length = (exception.expires_at - exception.starts_at).to_std().expect("it ends after it begins");
            assert!(length <= limits::longest_of_all(RoleTier::Tier3), "{length:?}");
        }
    }
    for fact in exceptions.facts(now(), std::time::Duration::from_hours(168), &|_| Usage::default()) {
        assert!(!format!("{fact:?}").is_empty());
    }
}

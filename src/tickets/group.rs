//! What belongs on one ticket, and the key of that ticket.

use sha2::{Digest as _, Sha256};

use super::settings::GroupBy;
use super::tracker::TicketKey;
use crate::findings::{Finding, Severity};
use crate::store::outbox::{Unit, WishAbout};

/// What one ticket is for. Its `id` is stable over all its generations and never shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// Sort.
    pub unit: Unit,
    /// Stable name.
    pub id: String,
    /// Person.
    pub person: Option<String>,
    /// Team that can act.
    pub team: Option<String>,
    /// System.
    pub system: Option<String>,
    /// Batch.
    pub batch: Option<String>,
}

impl Group {
    fn new(unit: Unit, parts: &[&str]) -> Self {
        let mut hasher = Sha256::new();
        // Each part with its length before it, so that parts cannot run into each other.
        for part in [unit.as_str()].iter().chain(parts) {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
        let digest = hasher.finalize();
        let id = data_encoding::HEXLOWER.encode(&digest[..16]);
        Self { unit, id, person: None, team: None, system: None, batch: None }
    }

    /// The digest ticket of one system.
    pub fn digest(system: &str) -> Self {
        Self { system: Some(system.to_owned()), ..Self::new(Unit::Digest, &[system]) }
    }

    /// The parent ticket of one batch.
    pub fn batch(batch: &str) -> Self {
        Self { batch: Some(batch.to_owned()), ..Self::new(Unit::BatchParent, &[batch]) }
    }

    /// Key of its ticket of that generation.
    pub fn key(&self, generation: u32) -> TicketKey {
        if self.unit == Unit::Finding && generation == 0 {
            return TicketKey::of_label(&self.id);
        }
        let prefix = match self.unit {
            Unit::PersonOwner => "hp",
            Unit::Finding => "hf",
            Unit::System => "hs",
            Unit::BatchTeam => "hb",
            Unit::BatchParent => "hq",
            Unit::Digest => "hd",
        };
        let mut hasher = Sha256::new();
        hasher.update(self.id.as_bytes());
        hasher.update(generation.to_be_bytes());
        let digest = hasher.finalize();
        TicketKey::of_label(&format!("{prefix}-{}", data_encoding::HEXLOWER.encode(&digest[..16])))
    }
}

/// The ticket a finding belongs on.
pub fn group_of(finding: &Finding, about: &WishAbout, by: GroupBy) -> Group {
    let (person, system) = (finding.person_id.as_str(), finding.system.as_str());
    let team = finding.owner_team.as_deref();
    // Without a team nobody but the system itself says who can act.
    let owner = team.map_or_else(|| format!("system:{system}"), |team| format!("team:{team}"));
    let only_system = || team.is_none().then(|| system.to_owned());
    match (by, &about.batch) {
        (GroupBy::Batch, Some(batch)) if finding.severity != Severity::Critical => Group {
            team: team.map(str::to_owned),
            system: only_system(),
            batch: Some(batch.clone()),
            ..Group::new(Unit::BatchTeam, &[batch, &owner])
        },
        (GroupBy::Finding, _) | (GroupBy::Batch, Some(_)) => Group {
            id: TicketKey::of_finding(&finding.fingerprint).to_string(),
            person: Some(person.to_owned()),
            team: team.map(str::to_owned),
            system: Some(system.to_owned()),
            ..Group::new(Unit::Finding, &[])
        },
        (GroupBy::System, _) => Group {
            team: team.map(str::to_owned),
            system: Some(system.to_owned()),
            ..Group::new(Unit::System, &[system])
        },
        (GroupBy::PersonOwner | GroupBy::Batch, _) => Group {
            person: Some(person.to_owned()),
            team: team.map(str::to_owned),
            system: only_system(),
            ..Group::new(Unit::PersonOwner, &[person, &owner])
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::FindingState;
    use crate::store::sample;

    fn finding() -> Finding {
        sample::memory(1, FindingState::Confirmed).finding
    }

    #[test]
    fn one_ticket_holds_a_person_and_a_team_unless_another_unit_is_asked_for() {
        let about = WishAbout::default();
        let mut other = finding();
        other.system = "crm".into();
        let key = |finding: &Finding, by| group_of(finding, &about, by).id;
        assert_eq!(key(&finding(), GroupBy::PersonOwner), key(&other, GroupBy::PersonOwner), "the same team");
        assert_ne!(key(&finding(), GroupBy::System), key(&other, GroupBy::System));
        other.owner_team = None;
        assert_ne!(key(&finding(), GroupBy::PersonOwner), key(&other, GroupBy::PersonOwner));
        let single = group_of(&finding(), &about, GroupBy::Finding);
        assert_eq!(single.key(0), TicketKey::of_finding(&finding().fingerprint));
        assert_ne!(single.key(1), single.key(0));
    }

    #[test]
    fn a_batch_has_a_ticket_for_each_team_and_critical_findings_stand_alone() {
        let about = WishAbout { batch: Some(String::from("wave-1")), ..WishAbout::default() };
        let mut critical = finding();
        critical.severity = Severity::Critical;
        assert_eq!(group_of(&finding(), &about, GroupBy::Batch).unit, Unit::BatchTeam);
        assert_eq!(group_of(&critical, &about, GroupBy::Batch).unit, Unit::Finding);
        let alone = WishAbout::default();
        assert_eq!(group_of(&finding(), &alone, GroupBy::Batch).unit, Unit::PersonOwner);
    }

    #[test]
    fn a_key_fits_every_tracker() {
        for unit in Unit::ALL {
            let key = Group::new(*unit, &["a person with \u{202e} and spaces", "b"]).key(3);
            assert!(TicketKey::new(key.as_str()).is_some(), "{key}");
        }
    }
}

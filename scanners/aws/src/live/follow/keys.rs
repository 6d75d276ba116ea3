//! Ids of one user's access keys. The report knows them by slot only; a key is joined to its slot, so that what was
//! found under the slot is carried over.
//!
//! That AWS keeps a key's day of making as the slot's last change is not certain once a key was switched off and on. A
//! key that fits no slot by date is asked for its last use alone, and the slots left over are given to the keys left
//! over, so that no key stands twice.

use chrono::TimeDelta;
use scan_contract::{Access, Cause, Fact, GrantId, Instant, Moment};

use crate::live::bulk::pages::walk_iam;
use crate::live::bulk::rows::{instant, key};
use crate::live::follow::{About, Outcome};
use crate::read::report::{Cell, Row, Switch};
use crate::read::wire::AccessKeyMetadata;
use crate::slot::{slot_id, slot_line};
use crate::tell::credentials::rotated;
use crate::tell::keys::{
    Joined, KEY_PRECISION, KEYS_TRACKED_SINCE, Slot, join, key_access, last_used, status_of, used_where,
};
use crate::text::short;

/// What AWS says of the last use of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Used {
    At(Instant, String),
    /// Never, or not since AWS keeps record.
    Never,
    NotSaid,
}

/// Reads the keys of one user. `report_of`: time of the report that the slots come from.
pub(crate) async fn read(about: &About<'_>, report_of: Option<Instant>) -> Outcome {
    let (account, user) = (about.account, about.user);
    let walked = walk_iam!(
        account.iam_asker,
        "iam:ListAccessKeys",
        |marker| account.iam.list_access_keys().user_name(user).set_marker(marker),
        |answer| answer.access_key_metadata
    );
    let mut outcome = Outcome::of_walk(walked.broken);
    let mut keys = Vec::new();
    for (index, given) in walked.items.iter().enumerate() {
        if let Some(row) = key(given, user) {
            keys.push(row);
        } else {
            let what = format!("iam:ListAccessKeys: key {} has no id", index + 1);
            outcome.gap(format!("key {}", index + 1), Cause::Malformed { what });
        }
    }
    for key in keys.iter().filter(|key| status_of(&key.status).1) {
        let part = short(&key.access_key_id, 40);
        let cause = Cause::UnknownWord {
            field: String::from("Status"),
            word: short(&key.status, 40),
            rows: 1,
            first: part.clone(),
        };
        outcome.gap(part, cause);
    }
    let references: Vec<&AccessKeyMetadata> = keys.iter().collect();
    let row = about.known.row.as_ref();
    let joined =
        row.map_or_else(|| Joined { keys: references.clone(), ..Joined::default() }, |row| join(row, &references));
    for (key, slot) in &joined.exact {
        let record = exact(about, key, *slot, report_of);
        outcome.records.push(record);
    }
    let mut left = Vec::new();
    for key in &joined.keys {
        if let Some(used) = ask_use(about, key, &mut outcome).await {
            left.push((*key, used));
        }
    }
    let slots = pair(&left, &joined.slots);
    for ((key, used), slot) in left.into_iter().zip(slots) {
        let record = single(about, key, used, slot.and_then(|slot| row.map(|row| (row, slot))));
        outcome.records.push(record);
    }
    outcome
}

fn exact(about: &About<'_>, key: &AccessKeyMetadata, slot: Slot<'_>, report_of: Option<Instant>) -> Access {
    let mut access = key_access(key, &about.known.person, about.scope.clone());
    access.rotated_at = rotated(slot.1.last_rotated);
    access.last_used_at = last_used(slot.1);
    used_where(slot.1, &mut access);
    if let Some(row) = &about.known.row {
        formerly(&mut access, row, slot.0);
    }
    if let Some(at) = report_of {
        access.evidence.push(format!("last use as the credential report of {} says", at.to_rfc3339()));
    }
    access
}

fn single(about: &About<'_>, key: &AccessKeyMetadata, used: Used, slot: Option<(&Row, u8)>) -> Access {
    let mut access = key_access(key, &about.known.person, about.scope.clone());
    access.last_used_at = match used {
        Used::At(at, place) => {
            access.evidence.push(place);
            Fact::Known(Moment::within(at, KEY_PRECISION))
        }
        Used::Never if key.create_date.instant().is_some_and(|at| at.timestamp() >= KEYS_TRACKED_SINCE) => Fact::None,
        Used::Never => {
            Fact::Hidden(String::from("not used since AWS began to keep record, and it may be older than that"))
        }
        Used::NotSaid => Fact::Hidden(String::from("its last use could not be asked for")),
    };
    if let Some((row, slot)) = slot {
        formerly(&mut access, row, slot);
    }
    access
}

fn formerly(access: &mut Access, row: &Row, slot: u8) {
    let id = slot_id(&row.arn, slot);
    access.evidence.push(slot_line(&id));
    access.evidence.push(format!("credential report, line {}", row.line));
    access.formerly = Some(GrantId::from(id));
}

/// `None`: the key is gone by now.
async fn ask_use(about: &About<'_>, key: &AccessKeyMetadata, outcome: &mut Outcome) -> Option<Used> {
    let account = about.account;
    let id = &key.access_key_id;
    let asked = account
        .iam_asker
        .ask("iam:GetAccessKeyLastUsed", || account.iam.get_access_key_last_used().access_key_id(id).send())
        .await;
    match asked {
        Ok(answer) => {
            let Some(used) = answer.access_key_last_used else {
                outcome.gap(
                    short(id, 40),
                    Cause::Malformed { what: String::from("iam:GetAccessKeyLastUsed: no answer in it") },
                );
                return Some(Used::NotSaid);
            };
            Some(match used.last_used_date.as_ref().map(instant) {
                None => Used::Never,
                Some(Some(at)) => {
                    let place =
                        format!("last used for {} in {}", short(&used.service_name, 60), short(&used.region, 40));
                    Used::At(at, place)
                }
                Some(None) => {
                    let what = String::from("iam:GetAccessKeyLastUsed: LastUsedDate is not a time");
                    outcome.gap(short(id, 40), Cause::Malformed { what });
                    Used::NotSaid
                }
            })
        }
        Err(failure) if failure.is_gone() => None,
        Err(failure) => {
            outcome.gap(short(id, 40), failure.cause);
            Some(Used::NotSaid)
        }
    }
}

/// How well a key fits a slot that its date does not decide.
fn score(key: &AccessKeyMetadata, used: &Used, slot: Slot<'_>) -> i32 {
    let (_, cells) = slot;
    let mut score = 0;
    if matches!(
        (status_of(&key.status).0, &cells.active),
        (scan_contract::Status::Enabled, Switch::On) | (scan_contract::Status::Disabled, Switch::Off)
    ) {
        score += 1;
    }
    match (used, cells.last_used) {
        (Used::At(at, _), Cell::Time(slot)) if (*at - slot).abs() < TimeDelta::seconds(i64::from(KEY_PRECISION)) => {
            score += 2;
        }
        (Used::Never, Cell::NotApplicable) => score += 1,
        _ => {}
    }
    // A slot is never changed before its key is made.
    if let (Some(made), Cell::Time(changed)) = (key.create_date.instant(), cells.last_rotated)
        && changed < made
    {
        score -= 10;
    }
    score
}

/// The slot of each key, where it can be told. Two slots and two keys always fit somehow: each slot is one of them.
fn pair(keys: &[(&AccessKeyMetadata, Used)], slots: &[Slot<'_>]) -> Vec<Option<u8>> {
    let at = |key: usize, slot: usize| score(keys[key].0, &keys[key].1, slots[slot]);
    let older_first =
        |left: usize, right: usize| keys[left].0.create_date.instant() <= keys[right].0.create_date.instant();
    match (keys.len(), slots.len()) {
        (1, 1) => vec![Some(slots[0].0)],
        (1, 2) => match at(0, 0).cmp(&at(0, 1)) {
            std::cmp::Ordering::Greater => vec![Some(slots[0].0)],
            std::cmp::Ordering::Less => vec![Some(slots[1].0)],
            std::cmp::Ordering::Equal => vec![None],
        },
        (2, 1) => {
            let first = at(0, 0) > at(1, 0) || (at(0, 0) == at(1, 0) && older_first(0, 1));
            if first { vec![Some(slots[0].0), None] } else { vec![None, Some(slots[0].0)] }
        }
        (2, 2) => {
            let straight = at(0, 0) + at(1, 1);
            let crossed = at(0, 1) + at(1, 0);
            if straight > crossed || (straight == crossed && older_first(0, 1)) {
                vec![Some(slots[0].0), Some(slots[1].0)]
            } else {
                vec![Some(slots[1].0), Some(slots[0].0)]
            }
        }
        _ => vec![None; keys.len()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::report::KeyCells;
    use crate::read::wire::Stamp;

    fn at(text: &str) -> Instant {
        text.parse().expect("an instant")
    }

    fn key(id: &str, status: &str, made: &str) -> AccessKeyMetadata {
        AccessKeyMetadata {
            user_name: String::from("ana"),
            access_key_id: id.to_owned(),
            status: status.to_owned(),
            create_date: Stamp::Known(at(made)),
        }
    }

    fn cells(active: bool, changed: &str, used: Option<&str>) -> KeyCells {
        KeyCells {
            active: if active { Switch::On } else { Switch::Off },
            last_rotated: Cell::Time(at(changed)),
            last_used: used.map_or(Cell::NotApplicable, |used| Cell::Time(at(used))),
            region: String::new(),
            service: String::new(),
        }
    }

    #[test]
    fn two_keys_take_two_slots_by_their_state_and_use() {
        let (old, young) =
            (key("AKIA1", "Inactive", "2024-01-01T00:00:00Z"), key("AKIA2", "Active", "2024-05-01T00:00:00Z"));
        let (first, second) = (
            cells(true, "2025-01-01T00:00:00Z", None),
            cells(false, "2025-01-02T00:00:00Z", Some("2024-08-01T00:00:00Z")),
        );
        let slots = [(1, &first), (2, &second)];
        let keys = [(&old, Used::At(at("2024-08-01T00:03:00Z"), String::new())), (&young, Used::Never)];
        assert_eq!(pair(&keys, &slots), [Some(2), Some(1)]);
    }

    #[test]
    fn what_cannot_be_told_apart_goes_by_age_and_one_key_of_two_like_slots_by_nothing() {
        let (old, young) =
            (key("AKIA1", "Active", "2024-01-01T00:00:00Z"), key("AKIA2", "Active", "2024-05-01T00:00:00Z"));
        let same = cells(true, "2025-01-01T00:00:00Z", None);
        let slots = [(1, &same), (2, &same)];
        assert_eq!(pair(&[(&old, Used::Never), (&young, Used::Never)], &slots), [Some(1), Some(2)]);
        assert_eq!(pair(&[(&old, Used::Never)], &slots), [None]);
        assert_eq!(pair(&[(&young, Used::Never), (&old, Used::Never)], &slots[..1]), [None, Some(1)]);
    }

    #[test]
    fn a_slot_changed_before_a_key_was_made_is_not_its_slot() {
        let young = key("AKIA2", "Active", "2025-05-01T00:00:00Z");
        let (before, after) = (cells(true, "2025-01-01T00:00:00Z", None), cells(true, "2025-06-01T00:00:00Z", None));
        assert_eq!(pair(&[(&young, Used::Never)], &[(1, &before), (2, &after)]), [Some(2)]);
    }
}

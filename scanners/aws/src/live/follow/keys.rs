//! Ids of one user's access keys. The report knows them by slot only; a key is joined to its slot, so that what was
//! found under the slot is carried over.
//!
//! That AWS keeps a key's day of making as the slot's last change is not certain once a key was switched off and on. A
//! key that fits no slot by date is asked for its last use alone, and the slots left over are given to the keys left
//! over, so that no key stands twice. A slot that no key can fill holds a key that is gone: the report may be four hours
//! older than the list.

use chrono::TimeDelta;
use scan_contract::{Access, Cause, Fact, GrantId, Instant, Moment, Status};

use crate::live::bulk::pages::walk_iam;
use crate::live::bulk::rows::{instant, key};
use crate::live::follow::{About, Outcome, SHOWS_WITHIN};
use crate::read::report::{Cell, Row, Switch};
use crate::read::wire::AccessKeyMetadata;
use crate::slot::{slot_id, slot_line};
use crate::tell::credentials::rotated;
use crate::tell::keys::{
    Joined, KEY_PRECISION, KEYS_TRACKED_SINCE, Slot, join, key_access, last_used, slot_access, status_of, used_where,
};
use crate::text::short;

/// What AWS says of the last use of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Used {
    At(Instant, String),
    /// Never, or not since AWS keeps record.
    Never,
    /// Not known, and why.
    NotSaid(&'static str),
}

/// A key can stand in its slot with a time that is rounded down.
const ROUNDED: TimeDelta = TimeDelta::minutes(1);

/// Reads the keys of one user. `report_of`: time of the report that the slots come from.
pub(crate) async fn read(about: &About<'_>, report_of: Option<Instant>) -> Outcome {
    let (account, user) = (about.account, about.user);
    let walked = walk_iam!(
        account.iam_asker,
        "iam:ListAccessKeys",
        |marker| account.iam.list_access_keys().user_name(user).set_marker(marker),
        |answer| answer.access_key_metadata
    );
    // The list is the user's only where the user was there to be asked for.
    let certain = walked.broken.is_none() && about.known.row_is_theirs;
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
        left.push((*key, ask_use(about, key, &mut outcome).await));
    }
    let slots = pair(&left, &joined.slots);
    if let Some(row) = row.filter(|_| certain && keys.len() == walked.items.len()) {
        for slot in vacated(&left, &slots, &joined.slots, about.account.door.now()) {
            outcome.records.push(gone(about, row, slot));
        }
    }
    for ((key, used), slot) in left.into_iter().zip(slots) {
        let record = single(about, key, used, slot.and_then(|slot| row.map(|row| (row, slot))));
        outcome.records.push(record);
    }
    outcome
}

/// A key of the report that is no longer there. What the report says of its use stays.
fn gone(about: &About<'_>, row: &Row, slot: Slot<'_>) -> Access {
    let why = "iam:ListAccessKeys no longer names a key that can be this one: it was deleted since the report was made";
    let mut access = slot_access(row, slot, why, &about.known.person, about.scope.clone());
    access.status = Status::Revoked;
    access.status_text = None;
    access
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

fn single(about: &About<'_>, key: &AccessKeyMetadata, used: Used, slot: Option<(&Row, Slot<'_>)>) -> Access {
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
        Used::NotSaid(why) => Fact::Hidden(why.to_owned()),
    };
    if let Some((row, slot)) = slot {
        // The report's record of the slot is left out for this one, so what it knew of a use must not be lost with it.
        if let (Fact::Hidden(_), Cell::Time(_)) = (&access.last_used_at, slot.1.last_used) {
            access.last_used_at = last_used(slot.1);
            used_where(slot.1, &mut access);
            access.evidence.push(String::from("last use as the credential report says of the slot"));
        }
        formerly(&mut access, row, slot.0);
    }
    access
}

fn formerly(access: &mut Access, row: &Row, slot: u8) {
    let id = slot_id(&row.arn, slot);
    access.evidence.push(slot_line(&id));
    access.evidence.push(format!("credential report, line {}", row.line));
    access.formerly = Some(GrantId::from(id));
}

/// When a key was last used. One that is not known there stays: it was listed a moment ago, and a young key can show in the
/// list first.
async fn ask_use(about: &About<'_>, key: &AccessKeyMetadata, outcome: &mut Outcome) -> Used {
    const NOT_ASKED: &str = "its last use could not be asked for";
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
                return Used::NotSaid(NOT_ASKED);
            };
            match used.last_used_date.as_ref().map(instant) {
                None => Used::Never,
                Some(Some(at)) => {
                    let place =
                        format!("last used for {} in {}", short(&used.service_name, 60), short(&used.region, 40));
                    Used::At(at, place)
                }
                Some(None) => {
                    let what = String::from("iam:GetAccessKeyLastUsed: LastUsedDate is not a time");
                    outcome.gap(short(id, 40), Cause::Malformed { what });
                    Used::NotSaid(NOT_ASKED)
                }
            }
        }
        Err(failure) if failure.is_gone() => {
            Used::NotSaid("iam:GetAccessKeyLastUsed does not know the key: it is very young, or was just deleted")
        }
        Err(failure) => {
            outcome.gap(short(id, 40), failure.cause);
            Used::NotSaid(NOT_ASKED)
        }
    }
}

/// How well a key fits a slot that its date does not decide; `None`: it is not the slot's, because a slot is never changed
/// before its key is made.
fn score(key: &AccessKeyMetadata, used: &Used, slot: Slot<'_>) -> Option<i32> {
    let (_, cells) = slot;
    if let (Some(made), Cell::Time(changed)) = (key.create_date.instant(), cells.last_rotated)
        && changed + ROUNDED < made
    {
        return None;
    }
    let mut score = 0;
    if matches!(
        (status_of(&key.status).0, &cells.active),
        (Status::Enabled, Switch::On) | (Status::Disabled, Switch::Off)
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
    Some(score)
}

/// The slot of each key, where it can be told. Two slots and two keys that can fit do fit somehow: each slot is one of
/// them.
fn pair<'r>(keys: &[(&AccessKeyMetadata, Used)], slots: &[Slot<'r>]) -> Vec<Option<Slot<'r>>> {
    let at = |key: usize, slot: usize| score(keys[key].0, &keys[key].1, slots[slot]);
    let given = |key: usize, slot: usize| at(key, slot).map(|_| slots[slot]);
    let older_first =
        |left: usize, right: usize| keys[left].0.create_date.instant() <= keys[right].0.create_date.instant();
    match (keys.len(), slots.len()) {
        (1, 1) => vec![given(0, 0)],
        (1, 2) => match at(0, 0).cmp(&at(0, 1)) {
            std::cmp::Ordering::Greater => vec![given(0, 0)],
            std::cmp::Ordering::Less => vec![given(0, 1)],
            std::cmp::Ordering::Equal => vec![None],
        },
        (2, 1) => {
            let first = at(0, 0) > at(1, 0) || (at(0, 0) == at(1, 0) && older_first(0, 1));
            if first { vec![given(0, 0), None] } else { vec![None, given(1, 0)] }
        }
        (2, 2) => {
            // Most keys with a slot first, then what fits best.
            let worth = |pairs: [Option<i32>; 2]| (pairs.iter().flatten().count(), pairs.iter().flatten().sum::<i32>());
            let straight = worth([at(0, 0), at(1, 1)]);
            let crossed = worth([at(0, 1), at(1, 0)]);
            if straight > crossed || (straight == crossed && older_first(0, 1)) {
                vec![given(0, 0), given(1, 1)]
            } else {
                vec![given(0, 1), given(1, 0)]
            }
        }
        _ => vec![None; keys.len()],
    }
}

/// Slots that no key can fill any more: each key has another one or cannot be this one's. Which of two slots one key
/// fills may be a guess, but the key itself is told whichever it is.
fn vacated<'r>(
    keys: &[(&AccessKeyMetadata, Used)],
    taken: &[Option<Slot<'r>>],
    slots: &[Slot<'r>],
    now: Instant,
) -> Vec<Slot<'r>> {
    let is_free = |slot: &&Slot<'r>| {
        let shows = matches!(slot.1.last_rotated, Cell::Time(changed) if changed + SHOWS_WITHIN <= now);
        let is_taken = taken.iter().flatten().any(|taken| taken.0 == slot.0);
        let may_be =
            || keys.iter().zip(taken).any(|((key, used), own)| own.is_none() && score(key, used, **slot).is_some());
        shows && !is_taken && !may_be()
    };
    slots.iter().filter(is_free).copied().collect()
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

    fn numbers(keys: &[(&AccessKeyMetadata, Used)], slots: &[Slot<'_>]) -> Vec<Option<u8>> {
        pair(keys, slots).into_iter().map(|slot| slot.map(|slot| slot.0)).collect()
    }

    fn free(keys: &[(&AccessKeyMetadata, Used)], slots: &[Slot<'_>], now: &str) -> Vec<u8> {
        vacated(keys, &pair(keys, slots), slots, at(now)).into_iter().map(|slot| slot.0).collect()
    }

    #[test]
    fn a_slot_is_free_where_no_key_can_fill_it_and_not_where_one_may() {
        let (old, young) = (cells(true, "2025-01-01T00:00:00Z", None), cells(true, "2025-06-01T00:00:00Z", None));
        let slots = [(1, &old), (2, &young)];
        let now = "2025-06-01T01:00:00Z";
        assert_eq!(free(&[], &slots, now), [1, 2]);
        assert_eq!(free(&[], &slots, "2025-06-01T00:14:59Z"), [1], "the list may not show it yet");
        // Made after both slots were last changed: neither is its slot.
        let after = key("AKIA3", "Active", "2025-06-01T00:30:00Z");
        assert_eq!(numbers(&[(&after, Used::Never)], &slots[..1]), [None]);
        assert_eq!(free(&[(&after, Used::Never)], &slots, now), [1, 2]);
        // It may be either of two like ones, so neither is known to be free.
        let either = key("AKIA1", "Active", "2024-01-01T00:00:00Z");
        assert_eq!(free(&[(&either, Used::Never)], &[(1, &old), (2, &old)], now), Vec::<u8>::new());
        // It fits one of them better, so the other is free.
        let off = cells(false, "2025-01-01T00:00:00Z", None);
        assert_eq!(free(&[(&either, Used::Never)], &[(1, &old), (2, &off)], now), [2]);
        // More keys than the report has columns for.
        let third = key("AKIA4", "Active", "2024-01-03T00:00:00Z");
        let second = key("AKIA2", "Active", "2024-01-02T00:00:00Z");
        let three = [(&either, Used::Never), (&second, Used::Never), (&third, Used::Never)];
        assert_eq!(free(&three, &slots, now), Vec::<u8>::new());
        let no_date = KeyCells { last_rotated: Cell::Unreadable, ..old.clone() };
        assert_eq!(free(&[], &[(1, &no_date)], now), Vec::<u8>::new());
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
        assert_eq!(numbers(&keys, &slots), [Some(2), Some(1)]);
    }

    #[test]
    fn what_cannot_be_told_apart_goes_by_age_and_one_key_of_two_like_slots_by_nothing() {
        let (old, young) =
            (key("AKIA1", "Active", "2024-01-01T00:00:00Z"), key("AKIA2", "Active", "2024-05-01T00:00:00Z"));
        let same = cells(true, "2025-01-01T00:00:00Z", None);
        let slots = [(1, &same), (2, &same)];
        assert_eq!(numbers(&[(&old, Used::Never), (&young, Used::Never)], &slots), [Some(1), Some(2)]);
        assert_eq!(numbers(&[(&old, Used::Never)], &slots), [None]);
        assert_eq!(numbers(&[(&young, Used::Never), (&old, Used::Never)], &slots[..1]), [None, Some(1)]);
    }

    #[test]
    fn a_slot_changed_before_a_key_was_made_is_not_its_slot() {
        let young = key("AKIA2", "Active", "2025-05-01T00:00:00Z");
        let (before, after) = (cells(true, "2025-01-01T00:00:00Z", None), cells(true, "2025-06-01T00:00:00Z", None));
        assert_eq!(numbers(&[(&young, Used::Never)], &[(1, &before), (2, &after)]), [Some(2)]);
    }
}

//! Access keys: slots of the credential report, joined to key ids where the key lists are given.
//!
//! The report has states and dates and no ids; the lists have ids, states and dates of making and no last use. A key
//! belongs to a slot if it was made when the slot was last changed. Whether AWS keeps that date when a key is switched
//! off is not certain, so a key that fits no slot keeps its id, and its last use is not known.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use scan_contract::{Access, AccessKind, Cause, Fact, Moment, ScopeName, Status};

use crate::read::keys::KeyLists;
use crate::read::load::{Loaded, Source};
use crate::read::report::{Cell, KeyCells, Report, Row, Switch};
use crate::read::wire::{AccessKeyMetadata, Stamp};
use crate::scopes::ACCESS_KEYS;
use crate::settings::Settings;
use crate::slot::{slot_id, slot_line};
use crate::tell::Beyond;
use crate::tell::credentials::{rotated, time, used};
use crate::tell::people::{People, Person};
use crate::tell::reading::Reading;
use crate::text::{short, some_of};

/// Only the first use of each quarter of an hour is kept.
pub(crate) const KEY_PRECISION: u32 = 15 * 60;

/// Seconds since the epoch at 2015-04-22T00:00:00Z: AWS has recorded the use of keys since then.
pub(crate) const KEYS_TRACKED_SINCE: i64 = 1_429_660_800;

/// Tells the access keys.
pub(crate) fn tell(settings: &Settings, loaded: &Loaded, people: &People<'_>, beyond: &Beyond, reading: &mut Reading) {
    let why_no_id = match (&loaded.keys, beyond.live) {
        (Source::Read(_), _) => "the key lists name no key for this slot",
        (_, true) => "key ids are asked for where a person matters",
        (_, false) => "the key id was not in the documents",
    };
    let lists = match &loaded.keys {
        Source::Read(lists) => Some(lists),
        Source::Failed(cause) => {
            reading.gap(ACCESS_KEYS, Some(String::from("access_keys")), cause.clone());
            None
        }
        Source::NotConfigured => None,
    };
    for (part, cause) in lists.map_or(&[][..], |lists| &lists.damage) {
        reading.gap(ACCESS_KEYS, Some(part.clone().unwrap_or_else(|| String::from("access_keys"))), cause.clone());
    }
    let keys = by_user(lists, reading);
    let mut told = BTreeSet::new();
    if let Some(report) = loaded.report.get() {
        for row in &report.rows {
            let own = keys.get(row.user.as_str()).map_or(&[][..], Vec::as_slice);
            told.insert(row.user.as_str());
            tell_row(row, own, lists.is_some(), why_no_id, people, reading);
        }
    }
    tell_without_row(&keys, &told, loaded.report.get(), people, reading);
    if let (None, Some(lists)) = (loaded.report.get(), lists) {
        tell_proof_of_lists(settings, loaded, lists, reading);
    }
}

fn by_user<'k>(lists: Option<&'k KeyLists>, reading: &mut Reading) -> HashMap<&'k str, Vec<&'k AccessKeyMetadata>> {
    let mut keys: HashMap<&str, Vec<&AccessKeyMetadata>> = HashMap::new();
    let mut words: BTreeMap<&str, (u64, &str)> = BTreeMap::new();
    let mut seen = HashSet::new();
    for key in lists.map_or(&[][..], |lists| &lists.keys) {
        if !seen.insert(key) {
            continue;
        }
        keys.entry(key.user_name.as_str()).or_default().push(key);
        if status_of(&key.status).1 {
            words.entry(key.status.as_str()).or_insert((0, key.access_key_id.as_str())).0 += 1;
        }
        if key.create_date == Stamp::Unreadable {
            let what = format!("CreateDate of key {} is not a time", short(&key.access_key_id, 40));
            reading.gap(ACCESS_KEYS, Some(short(&key.access_key_id, 40)), Cause::Malformed { what });
        }
    }
    for (word, (rows, first)) in words {
        let cause = Cause::UnknownWord {
            field: String::from("Status"),
            word: short(word, 40),
            rows,
            first: format!("key {}", short(first, 40)),
        };
        reading.gap(ACCESS_KEYS, None, cause);
    }
    keys
}

/// Status of a listed key, and whether its word is unknown.
pub(crate) fn status_of(word: &str) -> (Status, bool) {
    match word {
        "Active" => (Status::Enabled, false),
        "Inactive" => (Status::Disabled, false),
        "Expired" => (Status::Expired, false),
        _ => (Status::Unknown, true),
    }
}

pub(crate) type Slot<'r> = (u8, &'r KeyCells);

/// Which key fills which slot.
#[derive(Debug, Default)]
pub(crate) struct Joined<'r, 'k> {
    /// Made when the slot was last changed.
    pub(crate) exact: Vec<(&'k AccessKeyMetadata, Slot<'r>)>,
    /// Keys that fit no slot.
    pub(crate) keys: Vec<&'k AccessKeyMetadata>,
    /// Slots that no key fits.
    pub(crate) slots: Vec<Slot<'r>>,
}

/// Joins keys to slots by their dates.
pub(crate) fn join<'r, 'k>(row: &'r Row, keys: &[&'k AccessKeyMetadata]) -> Joined<'r, 'k> {
    let slots: Vec<Slot<'r>> = (1_u8..).zip(&row.keys).filter(|(_, cells)| takes_part(cells)).collect();
    let mut joined = Joined::default();
    let mut made: HashMap<Stamp, usize> = HashMap::new();
    for key in keys {
        *made.entry(key.create_date).or_default() += 1;
    }
    let mut filled = BTreeSet::new();
    for key in keys {
        let fits = |slot: &&Slot<'r>| key.create_date.instant().is_some_and(|at| slot.1.last_rotated == Cell::Time(at));
        let twins = made.get(&key.create_date).copied();
        let mut fitting = slots.iter().filter(fits);
        match (fitting.next(), fitting.next(), twins) {
            (Some(slot), None, Some(1)) => {
                filled.insert(slot.0);
                joined.exact.push((key, *slot));
            }
            _ => joined.keys.push(key),
        }
    }
    joined.slots = slots.into_iter().filter(|(number, _)| !filled.contains(number)).collect();
    joined
}

fn takes_part(cells: &KeyCells) -> bool {
    cells.is_taken() && cells.active != Switch::Missing
}

fn tell_row(
    row: &Row,
    keys: &[&AccessKeyMetadata],
    listed: bool,
    why_no_id: &str,
    people: &People<'_>,
    reading: &mut Reading,
) {
    let person = people.of_row(row);
    let joined = join(row, keys);
    for (key, slot) in &joined.exact {
        let mut access = key_access(key, &person, reading.name(ACCESS_KEYS));
        access.rotated_at = rotated(slot.1.last_rotated);
        access.last_used_at = last_used(slot.1);
        used_where(slot.1, &mut access);
        let slot = slot_id(&row.arn, slot.0);
        access.evidence.push(slot_line(&slot));
        access.formerly = Some(slot.into());
        access.evidence.push(format!("credential report, line {}", row.line));
        reading.record(ACCESS_KEYS, access);
    }
    // One key and one slot left over are the same key: only its use stays unknown, because the dates do not agree.
    let certain = match (joined.keys.as_slice(), joined.slots.as_slice()) {
        ([_], [slot]) => Some(*slot),
        _ => None,
    };
    for key in &joined.keys {
        let mut access = key_access(key, &person, reading.name(ACCESS_KEYS));
        access.last_used_at = Fact::Hidden(String::from(
            "the credential report has no key that was last changed when this one was made, so its use cannot be joined",
        ));
        if let Some((number, _)) = certain {
            let slot = slot_id(&row.arn, number);
            access.evidence.push(slot_line(&slot));
            access.formerly = Some(slot.into());
        }
        reading.record(ACCESS_KEYS, access);
    }
    let uncovered = joined.slots.len() > joined.keys.len();
    if uncovered || joined.keys.is_empty() {
        for slot in &joined.slots {
            reading.record(ACCESS_KEYS, slot_access(row, *slot, why_no_id, &person, reading.name(ACCESS_KEYS)));
        }
    }
    // The root user's keys cannot be listed by user name.
    if listed && joined.keys.len() != joined.slots.len() && !row.is_root() {
        let cause = Cause::CountDiffers {
            what: format!("access keys of user {} in the credential report and in the key lists", short(&row.user, 80)),
            announced: (joined.exact.len() + joined.slots.len()) as u64,
            found: keys.len() as u64,
        };
        reading.gap(ACCESS_KEYS, Some(short(&row.user, 80)), cause);
    }
}

/// The last use a slot shows.
pub(crate) fn last_used(cells: &KeyCells) -> Fact<Moment> {
    used(cells.last_used, Cell::NotApplicable, time(cells.last_rotated), KEYS_TRACKED_SINCE, KEY_PRECISION)
}

/// Says where a slot's key was last used.
pub(crate) fn used_where(cells: &KeyCells, access: &mut Access) {
    if matches!(cells.last_used, Cell::Time(_)) {
        access.evidence.push(format!("last used for {} in {}", cells.service, cells.region));
    }
}

/// A key whose id is known. Its last use is not, until the caller says it.
pub(crate) fn key_access(key: &AccessKeyMetadata, person: &Person, scope: ScopeName) -> Access {
    let (status, unknown) = status_of(&key.status);
    let mut access = person.grant(scope, AccessKind::AccessKey, key.access_key_id.clone(), status);
    access.status_text = unknown.then(|| short(&key.status, 40));
    access.grant_display = Some(format!("access key {} of {}", key.access_key_id, key.user_name));
    access.created_at = key.create_date.fact("CreateDate");
    access.last_used_at =
        Fact::Hidden(String::from("key lists do not say it, and the credential report was not given"));
    access.expires_at = Fact::None;
    access
}

/// A key of which the report's slot is all that is known.
pub(crate) fn slot_access(
    row: &Row,
    (number, cells): Slot<'_>,
    why_no_id: &str,
    person: &Person,
    scope: ScopeName,
) -> Access {
    let (status, word) = match &cells.active {
        Switch::On => (Status::Enabled, None),
        Switch::Off => (Status::Disabled, None),
        Switch::NotSupported => (Status::Unknown, Some(String::from("not_supported"))),
        Switch::Unknown(word) => (Status::Unknown, Some(word.clone())),
        Switch::Missing => (Status::Unknown, None),
    };
    let id = slot_id(&row.arn, number);
    let mut access = person.grant(scope, AccessKind::AccessKey, id, status);
    access.status_text = word;
    access.grant_display = Some(format!("access key {number} of {}", row.user));
    access.created_at = Fact::Hidden(String::from("the report says only when the key was made or last changed"));
    access.rotated_at = rotated(cells.last_rotated);
    access.last_used_at = last_used(cells);
    access.expires_at = Fact::None;
    access.evidence.push(format!("credential report, line {}", row.line));
    access.evidence.push(why_no_id.to_owned());
    used_where(cells, &mut access);
    access
}

/// Keys of users that the report does not name.
fn tell_without_row(
    keys: &HashMap<&str, Vec<&AccessKeyMetadata>>,
    told: &BTreeSet<&str>,
    report: Option<&Report>,
    people: &People<'_>,
    reading: &mut Reading,
) {
    let mut users: Vec<&str> = keys.keys().copied().filter(|user| !told.contains(user)).collect();
    users.sort_unstable();
    for user in &users {
        let person = people.of_name(user);
        for key in keys.get(user).map_or(&[][..], Vec::as_slice) {
            reading.record(ACCESS_KEYS, key_access(key, &person, reading.name(ACCESS_KEYS)));
        }
    }
    if report.is_some() && !users.is_empty() {
        let what = format!("users with keys in the key lists, and not in the credential report: {}", some_of(users));
        reading.gap(ACCESS_KEYS, None, Cause::Malformed { what });
    }
}

/// Without a report the lists are whole if there is one answer a user of the authorization details.
fn tell_proof_of_lists(settings: &Settings, loaded: &Loaded, lists: &KeyLists, reading: &mut Reading) {
    let users = loaded.details.get().map(|details| details.users.len());
    if users == Some(lists.answers) && lists.damage.is_empty() {
        reading.seal([ACCESS_KEYS], scan_contract::ProofKind::CrossCheck, &lists.sha256);
        return;
    }
    reading.seal([ACCESS_KEYS], scan_contract::ProofKind::EndOfFile, &lists.sha256);
    let what = match users {
        Some(users) => {
            format!("{} answers of list-access-keys for {users} users; give the credential report", lists.answers)
        }
        None => format!("nothing says which users account {} has; give the credential report", settings.account),
    };
    reading.gap(ACCESS_KEYS, None, Cause::NotProven { what });
}

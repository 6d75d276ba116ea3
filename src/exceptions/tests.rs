use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use scan_contract::{AccessKind, Instant, Privilege};

use crate::problem::Problem;
use crate::roster::RoleTier;
use crate::yaml::forms::instant;

use super::*;

const SEEN: &str = "ra1:d3fbedd447e69944f6506bc7b50c26c9";
const UNSEEN: &str = "ra1:00000000000000000000000000000000";

const GOOD: &str = "\
version: 1
exceptions:
  - id: EX-2026-0031
    type: transition
    scope:
      person_id: p-gone
      system: aws-prod
      access_kinds: [access_key]
      resource: user/payroll-export
    reason: The payroll export runs on this key until it is rotated.
    requested_by: p-boss
    approved_by: [p-lead]
    approved_at: 2026-07-31T10:00:00Z
    starts_at: 2026-07-31T22:00:00Z
    expires_at: 2026-08-07T00:00:00Z
    review: { owner: p-lead, next_at: 2026-08-04T09:00:00Z }
";

/// Employed until, batch, tier.
type Employee = (Option<Instant>, Option<&'static str>, Option<RoleTier>);

/// People by id.
#[derive(Default)]
struct Staff(BTreeMap<&'static str, Employee>);

impl People for Staff {
    fn exists(&self, person_id: &str) -> bool {
        self.0.contains_key(person_id)
    }

    fn employed_at(&self, person_id: &str, at: Instant) -> Employment {
        match self.0.get(person_id) {
            Some(_) if person_id == "p-odd" => Employment::NotKnown,
            Some((until, ..)) if until.is_none_or(|until| at < until) => Employment::Employed,
            _ => Employment::NotEmployed,
        }
    }

    fn left_at(&self, person_id: &str, now: Instant) -> Option<Instant> {
        self.0.get(person_id)?.0.filter(|until| *until <= now)
    }

    fn batch(&self, person_id: &str) -> Option<Arc<str>> {
        self.0.get(person_id)?.1.map(Arc::from)
    }

    fn tier(&self, person_id: &str) -> Option<RoleTier> {
        self.0.get(person_id)?.2
    }
}

fn at(text: &str) -> Instant {
    instant(text).unwrap()
}

fn now() -> Instant {
    at("2026-08-01T00:00:00Z")
}

fn staff() -> Staff {
    Staff(BTreeMap::from([
        ("p-gone", (Some(at("2026-07-31T22:00:00Z")), Some("wave-1"), None)),
        ("p-top", (Some(at("2026-07-31T22:00:00Z")), None, Some(RoleTier::Tier0))),
        ("p-boss", (None, None, None)),
        ("p-lead", (None, None, None)),
        ("p-other", (None, None, None)),
        ("p-odd", (None, None, None)),
        ("p-wave", (Some(at("2026-09-01T00:00:00Z")), Some("wave-1"), None)),
        ("p-early", (Some(at("2026-07-31T09:00:00Z")), None, None)),
        ("p-leaves", (Some(at("2026-08-01T12:00:00Z")), None, None)),
    ]))
}

fn judge_at(text: &str, staff: &Staff, now: Instant) -> Exceptions {
    ExceptionFile::read(Path::new("exceptions.yaml"), text).judge(&Surroundings {
        people: staff,
        system_tier: &|system| match system {
            "root" => Some(RoleTier::Tier0),
            "aws-prod" => Some(RoleTier::Tier1),
            "crm" => Some(RoleTier::Tier2),
            "wiki" => Some(RoleTier::Tier3),
            _ => None,
        },
        fingerprint_owner: &|fingerprint| (fingerprint == SEEN).then(|| ("p-gone".to_owned(), "aws-prod".to_owned())),
        now,
    })
}

fn judge(text: &str) -> Exceptions {
    judge_at(text, &staff(), now())
}

fn query() -> ExceptionQuery<'static> {
    ExceptionQuery {
        person_id: "p-gone",
        system: "aws-prod",
        kind: AccessKind::AccessKey,
        grant_id: "AKIA1",
        grant_display: Some("user/payroll-export"),
        privilege: Privilege::Write,
        target: None,
        fingerprint: SEEN,
        rules: &[],
    }
}

/// The one problem: line, column, key, message; and the entry suppresses nothing.
#[track_caller]
fn assert_invalid(text: &str, line: usize, column: usize, key: &str, says: &str) -> Problem {
    let exceptions = judge(text);
    let problems = exceptions.problems();
    let [problem] = problems.as_slice() else { panic!("not one problem: {problems:#?}") };
    let place = problem.place.unwrap();
    assert_eq!((place.line, place.column, problem.key.as_str(), problem.says.as_str()), (line, column, key, says));
    assert_eq!(exceptions.covering(&query(), now()), None);
    assert!(exceptions.has_invalid(now()));
    assert_eq!(exceptions.notices(now()).len(), 1);
    problem.clone()
}

#[track_caller]
fn assert_valid(text: &str) {
    let exceptions = judge(text);
    assert_eq!(exceptions.problems(), []);
    assert!(!exceptions.has_invalid(now()));
}

fn state_at(text: &str, now: Instant) -> ExceptionState {
    judge_at(text, &staff(), now).judged()[0].state_at(now)
}

#[test]
fn an_entry_in_force_covers_its_grant_until_its_end() {
    let exceptions = judge(GOOD);
    assert_eq!(exceptions.problems(), []);
    let id: Arc<str> = Arc::from("EX-2026-0031");
    let expires_at = at("2026-08-07T00:00:00Z");
    assert_eq!(exceptions.covering(&query(), now()), Some(Cover::Active { id: Arc::clone(&id), expires_at }));
    assert_eq!(
        exceptions
            .covering(&query(), expires_at - chrono::TimeDelta::seconds(1))
            .map(|cover| matches!(cover, Cover::Active { .. })),
        Some(true)
    );
    assert_eq!(exceptions.covering(&query(), expires_at), Some(Cover::Lapsed { id, ended_at: expires_at }));
    assert_eq!(exceptions.covering(&query(), at("2026-07-31T21:59:59Z")), None);
}

#[test]
fn each_fact_of_the_scope_has_to_agree() {
    let exceptions = judge(GOOD);
    let covers = |query: ExceptionQuery<'_>| exceptions.covering(&query, now()).is_some();
    assert!(covers(query()));
    assert!(!covers(ExceptionQuery { person_id: "p-top", ..query() }));
    assert!(!covers(ExceptionQuery { system: "crm", ..query() }));
    assert!(!covers(ExceptionQuery { kind: AccessKind::Password, ..query() }));
    assert!(!covers(ExceptionQuery { grant_display: Some("user/payroll"), ..query() }));
    assert!(covers(ExceptionQuery { grant_display: None, grant_id: "user/payroll-export", ..query() }));
    assert!(covers(ExceptionQuery { grant_display: None, target: Some("user/payroll-export"), ..query() }));
}

#[test]
fn a_fingerprint_narrows_to_one_finding() {
    let text = GOOD.replace("resource: user/payroll-export", &format!("fingerprint: \"{SEEN}\""));
    let exceptions = judge(&text);
    assert_eq!(exceptions.problems(), []);
    assert!(exceptions.covering(&query(), now()).is_some());
    assert!(exceptions.covering(&ExceptionQuery { fingerprint: UNSEEN, ..query() }, now()).is_none());
}

#[test]
fn a_finding_with_a_rule_that_was_not_excused_stays_open() {
    let text =
        GOOD.replace("      resource: user/payroll-export\n", "      rules: [cloud-access-key-active, admin-left]\n");
    let exceptions = judge(&text);
    let named: [Arc<str>; 1] = [Arc::from("cloud-access-key-active")];
    let more: [Arc<str>; 2] = [Arc::from("cloud-access-key-active"), Arc::from("secret-known")];
    assert!(exceptions.covering(&ExceptionQuery { rules: &named, ..query() }, now()).is_some());
    assert!(exceptions.covering(&ExceptionQuery { rules: &more, ..query() }, now()).is_none());
}

#[test]
fn administrators_rights_in_tier_1_need_two_approvers() {
    let admin = ExceptionQuery { privilege: Privilege::Admin, ..query() };
    assert!(judge(GOOD).covering(&admin, now()).is_none());
    let two = judge(&GOOD.replace("[p-lead]", "[p-lead, p-other]"));
    assert!(two.covering(&admin, now()).is_some());
    let crm = GOOD.replace("system: aws-prod", "system: crm");
    assert!(judge(&crm).covering(&ExceptionQuery { system: "crm", ..admin }, now()).is_some());
}

#[test]
fn states_follow_the_window() {
    assert_eq!(state_at(GOOD, at("2026-07-31T21:59:59Z")), ExceptionState::Pending);
    assert_eq!(state_at(GOOD, at("2026-07-31T22:00:00Z")), ExceptionState::Active);
    assert_eq!(state_at(GOOD, at("2026-08-06T23:59:59Z")), ExceptionState::Active);
    assert_eq!(state_at(GOOD, at("2026-08-07T00:00:00Z")), ExceptionState::Expired);
    let revoked = GOOD.replace("    review", "    revoked_at: 2026-08-02T00:00:00Z\n    review");
    assert_eq!(state_at(&revoked, now()), ExceptionState::Active);
    assert_eq!(state_at(&revoked, at("2026-08-02T00:00:00Z")), ExceptionState::Revoked);
    assert_eq!(state_at(&GOOD.replace("[p-lead]", "[p-gone]"), now()), ExceptionState::Invalid);
}

#[test]
fn what_was_taken_back_lapses_at_that_instant() {
    let revoked = GOOD.replace("    review", "    revoked_at: 2026-08-02T00:00:00Z\n    review");
    let cover = judge(&revoked).covering(&query(), at("2026-08-03T00:00:00Z"));
    let ended_at = at("2026-08-02T00:00:00Z");
    assert_eq!(cover, Some(Cover::Lapsed { id: Arc::from("EX-2026-0031"), ended_at }));
    // Taken back before it began: it never was in force.
    let never = GOOD.replace("    review", "    revoked_at: 2026-07-31T21:00:00Z\n    review");
    assert_eq!(judge(&never).covering(&query(), now()), None);
}

#[test]
fn nobody_approves_what_they_keep_asked_for_or_leave_with() {
    for (approver, says) in [
        ("p-gone", "is the person whose access it is"),
        ("p-boss", "is the person who asked for it"),
        ("p-nobody", "nobody on the roster has the id p-nobody"),
        ("p-early", "was not employed when it was approved"),
        ("p-odd", "the roster cannot tell whether they were employed when it was approved"),
        ("p-wave", "is not independent of the person whose access it is"),
    ] {
        assert_invalid(
            &GOOD.replace("[p-lead]", &format!("[{approver}]")),
            12,
            19,
            "exceptions[0].approved_by[0]",
            says,
        );
    }
    assert_valid(&GOOD.replace("[p-lead]", "[p-other]"));
}

#[test]
fn the_one_who_asks_is_known_and_not_the_subject() {
    assert_invalid(
        &GOOD.replace("p-boss", "p-gone"),
        11,
        19,
        "exceptions[0].requested_by",
        "is the person whose access it is",
    );
    assert_invalid(
        &GOOD.replace("p-boss", "p-none"),
        11,
        19,
        "exceptions[0].requested_by",
        "nobody on the roster has the id p-none",
    );
    assert_invalid(
        &GOOD.replace("person_id: p-gone", "person_id: p-none"),
        6,
        18,
        "exceptions[0].scope.person_id",
        "nobody on the roster has the id p-none",
    );
}

#[test]
fn the_number_of_approvers_follows_the_stricter_tier() {
    let root = GOOD.replace("system: aws-prod", "system: root").replace("2026-08-07T00:00:00Z", "2026-08-01T20:00:00Z");
    assert_invalid(&root, 12, 5, "exceptions[0].approved_by", "tier0 needs 2 approvers");
    assert_valid(&root.replace("[p-lead]", "[p-lead, p-other]"));
    // A person of tier 0 in a system of tier 1.
    let top =
        GOOD.replace("person_id: p-gone", "person_id: p-top").replace("2026-08-07T00:00:00Z", "2026-08-01T20:00:00Z");
    assert_invalid(&top, 12, 5, "exceptions[0].approved_by", "tier0 needs 2 approvers");
    assert_valid(&top.replace("[p-lead]", "[p-lead, p-other]"));
}

#[test]
fn no_exception_lasts_longer_than_its_type_and_tier_allow() {
    // Seven days of transition in tier 1.
    assert_valid(&GOOD.replace("2026-08-07T00:00:00Z", "2026-08-07T22:00:00Z"));
    assert_invalid(
        &GOOD.replace("2026-08-07T00:00:00Z", "2026-08-07T22:00:01Z"),
        15,
        17,
        "exceptions[0].expires_at",
        "a transition in tier1 lasts at most 168h",
    );
    let risk = GOOD.replace("type: transition", "type: accepted_risk");
    assert_valid(&risk.replace("2026-08-07T00:00:00Z", "2026-08-14T22:00:00Z"));
    let root = risk.replace("system: aws-prod", "system: root").replace("[p-lead]", "[p-lead, p-other]");
    assert_invalid(&root, 4, 11, "exceptions[0].type", "accepted_risk is not allowed in tier0");
}

#[test]
fn a_legal_hold_keeps_no_sign_in() {
    let hold = GOOD.replace("type: transition", "type: legal_hold");
    assert_invalid(
        &hold,
        8,
        22,
        "exceptions[0].scope.access_kinds[0]",
        "a legal hold in tier1 keeps data, not a sign-in such as access_key",
    );
    assert_valid(&hold.replace("[access_key]", "[ownership]"));
    // Without kinds it is valid, and still keeps none.
    let any = hold.replace("      access_kinds: [access_key]\n      resource: user/payroll-export\n", "");
    assert_valid(&any);
    let exceptions = judge(&any);
    assert!(exceptions.covering(&query(), now()).is_none());
    assert!(exceptions.covering(&ExceptionQuery { kind: AccessKind::Ownership, ..query() }, now()).is_some());
    // Outside tier 0 and 1, one that an approver named.
    let crm = judge(&hold.replace("system: aws-prod", "system: crm"));
    assert!(crm.covering(&ExceptionQuery { system: "crm", ..query() }, now()).is_some());
}

#[test]
fn times_follow_each_other() {
    assert_invalid(
        &GOOD.replace("expires_at: 2026-08-07", "expires_at: 2026-07-31"),
        15,
        17,
        "exceptions[0].expires_at",
        "ends before it begins",
    );
    assert_invalid(
        &GOOD.replace("T10:00:00Z", "T22:00:01Z"),
        13,
        18,
        "exceptions[0].approved_at",
        "was approved after it began; nothing is approved afterwards",
    );
    let future = GOOD
        .replace("2026-07-31T10:00:00Z", "2026-08-01T00:00:01Z")
        .replace("    starts_at: 2026-07-31T22:00:00Z\n", "");
    assert_invalid(&future, 13, 18, "exceptions[0].approved_at", "is approved in the future");
    assert_valid(&future.replace("00:00:01Z", "00:00:00Z"));
}

#[test]
fn without_a_start_it_holds_from_the_approval() {
    let text = GOOD.replace("    starts_at: 2026-07-31T22:00:00Z\n", "");
    assert_eq!(state_at(&text, at("2026-07-31T10:00:00Z")), ExceptionState::Active);
}

#[test]
fn system_kind_and_fingerprint_have_to_exist_and_belong_together() {
    assert_invalid(
        &GOOD.replace("aws-prod", "aws-test"),
        7,
        15,
        "exceptions[0].scope.system",
        "no configured system is called aws-test",
    );
    let problem = judge(&GOOD.replace("[access_key]", "[access_keys]")).problems().remove(0);
    assert_eq!(problem.help.as_deref(), Some("did you mean `access_key`?"));
    assert_eq!(problem.place.map(|place| (place.line, place.column)), Some((8, 22)));
    let with = |print: &str| GOOD.replace("resource: user/payroll-export", &format!("fingerprint: \"{print}\""));
    let foreign = with(SEEN).replace("system: aws-prod", "system: crm");
    assert_invalid(&foreign, 9, 20, "exceptions[0].scope.fingerprint", "belongs to another person or system");
    assert_valid(&with(UNSEEN));
}

#[test]
fn an_id_that_stands_twice_makes_both_entries_invalid() {
    let entry = &GOOD[GOOD.find("  - id").unwrap()..];
    let exceptions = judge(&format!("{GOOD}{entry}"));
    assert_eq!(exceptions.count(ExceptionState::Invalid, now()), 2);
    assert_eq!(exceptions.covering(&query(), now()), None);
    let lines: Vec<_> =
        exceptions.problems().iter().filter_map(|problem| problem.place.map(|place| place.line)).collect();
    assert_eq!(lines, [3, 17]);
}

/// A second entry that renews the first one.
fn renewal(expires_at: &str) -> String {
    let entry = GOOD[GOOD.find("  - id").unwrap()..]
        .replace("EX-2026-0031", "EX-2026-0032")
        .replace("starts_at: 2026-07-31T22:00:00Z", "starts_at: 2026-08-07T00:00:00Z")
        .replace("expires_at: 2026-08-07T00:00:00Z", &format!("expires_at: {expires_at}\n    renews: EX-2026-0031"));
    format!("{GOOD}{entry}")
}

#[test]
fn a_chain_of_renewals_may_last_twice_the_limit() {
    // The first begins on 31 July at 22:00; twice seven days are over on 14 August at 22:00. The second entry alone may
    // last until 14 August at midnight, so the limit of the chain is met with a later start.
    let text = |expires_at: &str| {
        renewal(expires_at).replace("starts_at: 2026-08-07T00:00:00Z", "starts_at: 2026-08-08T00:00:00Z")
    };
    assert_valid(&text("2026-08-14T22:00:00Z"));
    let exceptions = judge(&text("2026-08-14T22:00:01Z"));
    let problem = exceptions.problems().remove(0);
    assert_eq!(problem.says, "with the entries it renews it lasts longer than 336h");
    assert_eq!(problem.place.map(|place| (place.line, place.column)), Some((30, 13)));
    // The first one stays in force.
    assert!(exceptions.covering(&query(), now()).is_some());
}

#[test]
fn a_renewal_follows_an_entry_about_the_same() {
    let good = renewal("2026-08-10T00:00:00Z");
    assert_valid(&good);
    let says = |text: &str| judge(text).problems().into_iter().map(|problem| problem.says).collect::<Vec<_>>();
    assert_eq!(
        says(&good.replace("renews: EX-2026-0031", "renews: EX-2026-0001")),
        ["no readable entry has the id EX-2026-0001"]
    );
    assert_eq!(
        says(&good.replace("renews: EX-2026-0031", "renews: EX-2026-0032")),
        ["the entries renew each other in a circle"]
    );
    let circle = good.replacen("    review", "    renews: EX-2026-0032\n    review", 1);
    assert_eq!(says(&circle), ["the entries renew each other in a circle"; 2]);
    let other = good.replacen("system: aws-prod", "system: crm", 1);
    assert_eq!(says(&other), ["EX-2026-0031 concerns another person, system or type"]);
}

#[test]
fn when_an_approver_leaves_the_review_is_due_and_after_a_week_it_ends() {
    let risk = GOOD
        .replace("[p-lead]", "[p-leaves]")
        .replace("type: transition", "type: accepted_risk")
        .replace("2026-08-07T00:00:00Z", "2026-08-14T00:00:00Z")
        .replace(", next_at: 2026-08-04T09:00:00Z", "");
    let overdue = |now| judge_at(&risk, &staff(), now).judged()[0].is_review_overdue(now);
    assert!(!overdue(at("2026-08-01T11:59:59Z")));
    assert!(overdue(at("2026-08-01T12:00:00Z")));
    assert_eq!(state_at(&risk, at("2026-08-08T11:59:59Z")), ExceptionState::Active);
    let later = at("2026-08-08T12:00:00Z");
    assert_eq!(state_at(&risk, later), ExceptionState::Invalid);
    let exceptions = judge_at(&risk, &staff(), later);
    assert_eq!(
        exceptions.covering(&query(), later),
        Some(Cover::Lapsed { id: Arc::from("EX-2026-0031"), ended_at: later })
    );
    assert_eq!(
        exceptions.notices(later),
        ["EX-2026-0031 is invalid and suppresses nothing: an approver has left, and nobody has renewed it since"]
    );
    // One that had ended before stays what it was.
    let ended = risk.replace("2026-08-14T00:00:00Z", "2026-08-05T00:00:00Z");
    assert_eq!(state_at(&ended, later), ExceptionState::Expired);
}

#[test]
fn one_broken_entry_does_not_break_its_neighbours() {
    let entry = GOOD[GOOD.find("  - id").unwrap()..]
        .replace("EX-2026-0031", "EX-2026-0032")
        .replace("    requested_by: p-boss\n", "    requested: p-boss\n");
    let exceptions = judge(&format!("{GOOD}{entry}"));
    assert!(exceptions.covering(&query(), now()).is_some());
    assert_eq!(
        (exceptions.count(ExceptionState::Active, now()), exceptions.count(ExceptionState::Invalid, now())),
        (1, 1)
    );
    let keys: Vec<(String, usize)> =
        exceptions.problems().into_iter().map(|problem| (problem.says, problem.place.unwrap().line)).collect();
    assert_eq!(keys, [("`requested_by` is missing".to_owned(), 17), ("unknown key `requested`".to_owned(), 25)]);
    let facts = exceptions.facts(now(), Duration::from_hours(168), &|_| Usage::default());
    assert_eq!(facts.len(), 2);
    assert_eq!((&*facts[1].id, facts[1].state), ("EX-2026-0032", ExceptionState::Invalid));
    assert!(exceptions.notices(now())[0].starts_with("EX-2026-0032 is invalid and suppresses nothing: "));
}

#[test]
fn a_file_that_cannot_be_used_suppresses_nothing_and_is_loud() {
    for text in [
        "",
        "version: 1\nexceptions: [",
        "version: 2\nexceptions: []\n",
        "version: 1\nexceptions: {}\n",
        "exceptions: []\n",
        "version: 1\nexceptions: []\nmore: 1\n",
    ] {
        let exceptions = judge(text);
        assert!(exceptions.is_unusable(), "{text:?}");
        assert!(exceptions.has_invalid(now()));
        assert!(exceptions.judged().is_empty());
        assert_eq!(exceptions.covering(&query(), now()), None);
        assert_eq!(exceptions.notices(now()).len(), 1, "{text:?}");
        assert!(
            exceptions.notices(now())[0].starts_with("exceptions.yaml cannot be used, so no exception is in force: ")
        );
    }
    let broken = judge(&GOOD.replace("version: 1", "version: 2"));
    assert_eq!(broken.covering(&query(), now()), None);
}

#[test]
fn no_file_and_an_empty_list_are_fine() {
    assert_valid("version: 1\nexceptions: []\n");
    let none = ExceptionFile::none();
    assert_eq!(none.digest(), None);
    assert_valid("---\nversion: 1\nexceptions: []\n");
}

#[test]
fn what_the_schema_refuses_is_told_with_its_place() {
    for (from, to, line, column, key, says) in [
        ("EX-2026-0031", "EX-26-31", 3, 9, "id", "\"EX-26-31\" is not an id such as EX-2026-0031"),
        (
            "type: transition",
            "type: transit",
            4,
            11,
            "type",
            "\"transit\" is not one of transition, legal_hold, false_positive, accepted_risk, break_glass",
        ),
        (
            "person_id: p-gone",
            "person_id: \"p-*\"",
            6,
            18,
            "scope.person_id",
            "\"p-*\" is not the id of one person, without wildcards",
        ),
        ("system: aws-prod", "system: AWS", 7, 15, "scope.system", "\"AWS\" is not the id of one configured system"),
        ("[access_key]", "[]", 8, 7, "scope.access_kinds", "needs at least 1 entry"),
        ("[p-lead]", "[p-lead, p-lead]", 12, 5, "approved_by", "an entry stands twice"),
        (
            "2026-08-07T00:00:00Z",
            "2026-08-07",
            15,
            17,
            "expires_at",
            "\"2026-08-07\" is not an instant with its offset such as 2026-08-01T00:00:00Z",
        ),
        (
            "    review:",
            "    ticket: SEC 1042\n    review:",
            16,
            13,
            "ticket",
            "\"SEC 1042\" is not a link such as https://tickets.example.org/1",
        ),
        (
            "The payroll export runs on this key until it is rotated.",
            "Needed.",
            10,
            13,
            "reason",
            "\"Needed.\" is shorter than 20 characters",
        ),
    ] {
        assert_invalid(&GOOD.replace(from, to), line, column, &format!("exceptions[0].{key}"), says);
    }
}

#[test]
fn facts_say_what_needs_attention() {
    let facts =
        |now, usage: Usage| judge_at(GOOD, &staff(), now).facts(now, Duration::from_hours(168), &|_| usage).remove(0);
    let busy = Usage { covers: 2, idle_runs: 0 };
    let fact = facts(now(), busy);
    assert_eq!((fact.covers, fact.expiring, fact.stale, fact.review_overdue), (2, true, false, false));
    assert!(facts(at("2026-08-04T09:00:00Z"), busy).review_overdue);
    assert!(!facts(at("2026-08-04T08:59:59Z"), busy).review_overdue);
    assert!(facts(now(), Usage { covers: 0, idle_runs: 3 }).stale);
    assert!(!facts(now(), Usage { covers: 0, idle_runs: 2 }).stale);
    // What is over needs no attention.
    let over = facts(at("2026-08-07T00:00:00Z"), Usage { covers: 0, idle_runs: 9 });
    assert_eq!(
        (over.state, over.expiring, over.stale, over.review_overdue),
        (ExceptionState::Expired, false, false, false)
    );
    let short = judge(GOOD).facts(now(), Duration::from_hours(24), &|_| busy).remove(0);
    assert!(!short.expiring);
}

fn new_exception() -> NewException {
    NewException {
        id: "EX-2026-0032".to_owned(),
        kind: ExceptionType::Transition,
        person_id: "p-gone".to_owned(),
        system: "aws-prod".to_owned(),
        access_kinds: vec![AccessKind::AccessKey, AccessKind::Automation],
        resource: Some("a: \"b\" #c".to_owned()),
        fingerprint: Some(SEEN.to_owned()),
        reason: "Runs until\nthe rotation of 00417 is done.".to_owned(),
        compensating_controls: vec!["true".to_owned()],
        requested_by: "p-boss".to_owned(),
        approved_by: vec!["p-lead".to_owned()],
        approved_at: at("2026-07-31T10:00:00Z"),
        starts_at: Some(at("2026-07-31T22:00:00Z")),
        expires_at: at("2026-08-07T00:00:00Z"),
        ticket: Some("https://tickets.example.org/browse/SEC-1042".to_owned()),
        review_owner: "p-lead".to_owned(),
        review_next_at: None,
        on_expiry: OnExpiry::ReopenAndPage,
        renews: None,
    }
}

#[test]
fn a_new_entry_is_read_as_it_was_meant() {
    let new = new_exception();
    let exceptions = judge(&format!("{GOOD}{}", new.text()));
    assert_eq!(exceptions.problems(), []);
    let read = &exceptions.judged()[1].exception;
    assert_eq!((read.resource.as_ref(), &read.reason), (new.resource.as_ref(), &new.reason));
    assert_eq!((&read.compensating_controls, read.on_expiry), (&new.compensating_controls, OnExpiry::ReopenAndPage));
}

#[test]
fn the_next_id_follows_the_highest_that_was_ever_used() {
    let file = ExceptionFile::read(Path::new("e"), GOOD);
    assert_eq!(file.next_id(2026), "EX-2026-0032");
    assert_eq!(file.next_id(2027), "EX-2027-0001");
    // Also those of entries that cannot be read.
    let broken = ExceptionFile::read(Path::new("e"), &GOOD.replace("type: transition", "type: x"));
    assert_eq!(broken.next_id(2026), "EX-2026-0032");
}

#[test]
fn the_documented_file_is_read() {
    let page = include_str!("../../docs/exceptions.md");
    let (_, rest) = page.split_once("```yaml\n").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    let file = ExceptionFile::read(Path::new("e"), text);
    assert_eq!(file.unusable, []);
    assert!(!file.entries.is_empty());
    assert!(file.entries.iter().all(|entry| matches!(entry, read::Entry::Read(_))), "{:#?}", file.entries);
}

#[test]
fn the_committed_schema_is_the_enforced_one() {
    assert_eq!(schema(), include_str!("schema.json"), "holdover schema exceptions > src/exceptions/schema.json");
}

#[test]
#[ignore = "writes the schema into the source tree"]
fn write_schema() {
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/exceptions/schema.json"), schema()).unwrap();
}

proptest! {
    /// However a file is damaged, it never covers a person, system or kind that the whole one did not.
    #[test]
    fn a_damaged_file_never_widens(position in 0..GOOD.len(), with in "[a-z0-9:{}\\[\\], \n*-]{0,3}") {
        let mut text = GOOD.to_owned();
        text.replace_range(position..=position, &with);
        let exceptions = judge(&text);
        let covers = |query: ExceptionQuery<'_>| exceptions.covering(&query, now()).is_some();
        let other_person = covers(ExceptionQuery { person_id: "p-top", ..query() });
        let other_system = covers(ExceptionQuery { system: "crm", ..query() });
        let early = matches!(exceptions.covering(&query(), at("2026-07-30T00:00:00Z")), Some(Cover::Active { .. }));
        prop_assert!(!other_person && !other_system && !early);
        prop_assert!(exceptions.problems().is_empty() || exceptions.has_invalid(now()));
    }

    /// A text in a new entry comes back as it was.
    #[test]
    fn any_text_of_a_new_entry_survives(reason in "\\PC{20,60}", resource in "\\PC{1,20}") {
        let new = NewException { reason, resource: Some(resource), ..new_exception() };
        let exceptions = judge(&format!("version: 1\nexceptions:\n{}", new.text()));
        prop_assert_eq!(exceptions.problems(), []);
        let read = &exceptions.judged()[0].exception;
        prop_assert_eq!((&read.reason, &read.resource), (&new.reason, &new.resource));
    }
}

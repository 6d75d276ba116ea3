//! The catalogue as a whole, and what happens to files that are wrong.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use cel::Env;
use scan_contract::{AccessKind, DiskDocuments, Holder, IdentifierKind, Relation};

use super::check::check;
use super::lists::{List, Lists};
use super::nothing::gives_nothing;
use super::rehearse;
use super::*;
use crate::problem::{self, Problem};

static RULES: LazyLock<RuleSet> =
    LazyLock::new(|| RuleSet::embedded().unwrap_or_else(|problems| panic!("{}", problem::render(&problems, |_| None))));

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")
}

fn names_in(folder: &Path) -> BTreeSet<String> {
    std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a UTF-8 name"))
        .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "yaml"))
        .collect()
}

fn lists() -> Lists {
    let mut lists = Lists::default();
    lists.put("service_identities", List::default());
    lists.put("break_glass", List::default());
    lists
}

/// A copy of an embedded rule with one change, loaded on top of the catalogue.
fn with_change(id: &str, from: &str, to: &str) -> Result<RuleSet, Vec<Problem>> {
    let text = std::fs::read_to_string(folder().join(format!("{id}.yaml"))).expect("the rule is there");
    assert!(text.contains(from), "{from:?} is in the rule");
    load_own(&format!("{id}.yaml"), &text.replacen(from, to, 1))
}

fn load_own(name: &str, text: &str) -> Result<RuleSet, Vec<Problem>> {
    let own = tempfile::tempdir().expect("a folder");
    let path = own.path().join(name);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    std::fs::write(path, text).expect("a file");
    RuleSet::from_directory(&DiskDocuments::operator(own.path()), Path::new(""))
}

#[test]
fn every_file_is_in_the_program_and_the_catalogue_has_its_twenty_nine_rules() {
    let listed: BTreeSet<String> = embedded::RULES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(listed, names_in(&folder()));
    let listed: BTreeSet<String> = embedded::LISTS.iter().map(|(name, _)| name.replace("lists/", "")).collect();
    assert_eq!(listed, names_in(&folder().join("lists")));
    assert_eq!(RULES.iter().count(), 29);
}

#[test]
fn every_case_of_every_rule_comes_out_as_expected() {
    let results = RULES.run_cases();
    let failed: Vec<String> = results
        .iter()
        .filter(|result| !result.passed)
        .map(|result| {
            format!(
                "{}: {}: expected {}, found {}",
                RULES.rule(result.rule).id,
                result.name,
                result.expected,
                result.found
            )
        })
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(results.len() >= 29 * 3);
}

#[test]
fn every_rule_can_hit_miss_and_be_unknown_and_never_fails_otherwise() {
    let env = Arc::new(Env::stdlib());
    for (_, rule) in RULES.iter() {
        let checked = check(&rule.when, &lists()).expect("it was checked at load");
        let mut seen = [0_usize; 3];
        for trial in rehearse::product(&checked, 3_000) {
            match rehearse::try_on(&checked, &trial, &env) {
                Ok(Outcome::Hit) => seen[0] += 1,
                Ok(Outcome::Miss) => seen[1] += 1,
                Ok(Outcome::Unknown(_)) => seen[2] += 1,
                Err(failure) => panic!("{}: {failure}", rule.id),
            }
        }
        assert!(seen.iter().all(|count| *count > 0), "{}: hit, miss, unknown: {seen:?}", rule.id);
    }
}

#[test]
fn every_kind_is_spoken_for_in_every_relation_that_gives_anything() {
    for kind in AccessKind::ALL {
        for relation in Relation::ALL {
            let spoken_for = RULES
                .candidates(*kind, relation, EmploymentView::Left)
                .iter()
                .any(|index| !RULES.rule(*index).additive);
            // A mailbox that may be read: each run that meets one says that no rule looks.
            let unjudged = (*kind, relation) == (AccessKind::Delegation, Relation::Reader);
            let wanted = !gives_nothing(*kind, relation) && !unjudged;
            assert_eq!(spoken_for, wanted, "{} as {}", kind.as_str(), relation.as_str());
            assert_eq!(RULES.judges(*kind, relation, EmploymentView::Left), !unjudged);
        }
    }
}

#[test]
fn only_rules_about_a_gap_look_at_somebody_who_came_back() {
    let looking: BTreeSet<&str> = RULES
        .iter()
        .filter(|(_, rule)| rule.employment.contains(&EmploymentView::Rehired))
        .map(|(_, rule)| &*rule.id)
        .collect();
    assert_eq!(looking, BTreeSet::from(["stale-stint-credential", "used-after-end"]));
}

#[test]
fn a_mistyped_field_is_an_error_at_its_place_with_the_nearest_word() {
    let problems =
        with_change("session-active", "access.live_until < now", "access.live_untill < now").expect_err("refused");
    let found = problems.iter().find(|problem| problem.says.contains("live_untill")).expect("it is named");
    assert_eq!(found.help.as_deref(), Some("did you mean `access.live_until`?"));
    let place = found.place.expect("a place");
    let text = std::fs::read_to_string(folder().join("session-active.yaml")).expect("the rule");
    let line = text.lines().nth(place.line - 1).expect("the line");
    let name: String = line
        .replacen("access.live_until < now", "access.live_untill < now", 1)
        .chars()
        .skip(place.column - 1)
        .take(place.length)
        .collect();
    assert_eq!(name, "live_untill");
}

#[test]
fn every_mistake_of_a_file_is_told_at_once() {
    let text = std::fs::read_to_string(folder().join("account-active.yaml")).expect("the rule");
    let text = text
        .replacen("id: account-active", "id: acount-active", 1)
        .replacen("person.access_end_at <= now", "persn.access_end_at <= now && access.kind == \"acount\"", 1)
        .replacen("CIS-8.1:6.2", "CIS-8.1:16.2", 1)
        .replacen("access.created_at, access.last_used_at", "access.created_on, access.last_used_at", 1);
    let problems = load_own("account-active.yaml", &text).expect_err("refused");
    for wanted in
        ["the same, forever", "unknown name `persn`", "\"acount\" is no word of access.kind", "no control", "no fact"]
    {
        assert!(problems.iter().any(|problem| problem.says.contains(wanted)), "{wanted}: {problems:#?}");
    }
    assert!(problems.iter().all(|problem| problem.place.is_some()));
}

#[test]
fn a_rule_without_one_of_the_three_answers_is_refused() {
    let problems = with_change("license-assigned", "expect: unknown", "expect: miss").expect_err("refused");
    assert!(problems.iter().any(|problem| problem.says.contains("no case expects unknown")), "{problems:#?}");
    assert!(problems.iter().any(|problem| problem.says.contains("only an unknown outcome")), "{problems:#?}");
}

#[test]
fn what_fails_only_when_it_runs_is_found_at_load() {
    let problems = with_change(
        "license-assigned",
        "when: person.access_end_at <= now",
        "when: person.access_end_at <= now - duration(\"1d\")",
    )
    .expect_err("refused");
    assert!(problems.iter().any(|problem| problem.says.contains("fails when it is tried")), "{problems:#?}");
    let fine = with_change(
        "license-assigned",
        "when: person.access_end_at <= now",
        "when: person.access_end_at <= now - duration(\"24h\")",
    );
    assert!(fine.is_ok(), "{fine:?}");
}

#[test]
fn a_directory_lies_on_top_of_the_catalogue_and_a_rule_leaves_only_by_being_retired() {
    let retired = with_change("license-assigned", "status: stable", "status: retired").expect("it loads");
    assert_eq!(retired.iter().count(), 29);
    assert_ne!(retired.digest(), RULES.digest());
    let names = |rules: &RuleSet| {
        rules
            .candidates(AccessKind::License, Relation::Holder, EmploymentView::Left)
            .iter()
            .map(|index| rules.rule(*index).id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&RULES), ["used-after-end", "license-assigned", "exception-lapsed"]);
    assert_eq!(names(&retired), ["used-after-end", "exception-lapsed"]);
    let judges = |rules: &RuleSet| rules.judges(AccessKind::License, Relation::Holder, EmploymentView::Left);
    assert!(judges(&RULES) && !judges(&retired), "rules that add to others judge nothing");
}

#[test]
fn a_directory_that_is_missing_or_holds_files_that_would_be_passed_over_is_refused() {
    let nowhere = RuleSet::from_directory(&DiskDocuments::operator("/"), Path::new("no-such-folder"));
    assert!(nowhere.is_err());
    let passed_over = load_own("mine.yml", "id: mine\n").expect_err("refused");
    assert!(passed_over[0].says.contains(".yaml"), "{passed_over:#?}");
}

#[test]
fn a_list_entry_names_exactly_one_of_grant_and_login() {
    let entry = |fields: &str| format!("description: mine\nentries:\n  - {{ system: crm, {fields}reason: x }}\n");
    let both = load_own("lists/break-glass.yaml", &entry("grant_id: a, login: b, ")).expect_err("refused");
    assert!(both[0].says.contains("exactly one"), "{both:#?}");
    let one = load_own("lists/break-glass.yaml", &entry("grant_id: a, ")).expect("it loads");
    assert_eq!(one.list_sizes().collect::<Vec<_>>(), [("break_glass", 1), ("service_identities", 0)]);
}

#[test]
fn a_display_name_that_somebody_chose_puts_nothing_on_a_list() {
    let list = "description: mine\nentries:\n  - { system: crm, login: svc-deploy, reason: nightly deployment }\n";
    let rules = load_own("lists/service-identities.yaml", list).expect("it loads");
    let (_, rule) = rules.named("account-active").expect("the rule");
    let planted = cases::planted(rule.cases.first().expect("a case"));
    let outcome = |display: Option<&str>, login: Option<&str>, verified: Option<Vec<IdentifierKind>>| {
        let mut planted = planted.clone();
        planted.access.grant_display = display.map(String::from);
        let mut holder = Holder::new(Relation::Holder);
        holder.provider_id = Some(String::from("u-7"));
        holder.login = login.map(String::from);
        holder.verified = verified;
        planted.access.holders = vec![holder];
        evaluate::evaluate_one(rule, &planted.facts(), rules.lists(), rules.env())
    };
    assert_eq!(outcome(None, Some("mallory"), None), Outcome::Hit);
    assert_eq!(outcome(Some("Svc-Deploy"), Some("mallory"), None), Outcome::Hit, "a nickname");
    let claims = Some(vec![IdentifierKind::ProviderId]);
    assert_eq!(outcome(None, Some("svc-deploy"), claims), Outcome::Hit, "a login that the account only claims");
    assert_eq!(outcome(Some("Deployment"), Some("Svc-Deploy"), None), Outcome::Miss, "the account that is meant");
    assert_eq!(outcome(Some("svc-deploy"), None, None), Outcome::Miss, "a system that gives no login");
    // What is no account has a text of its own: a token is called what its maker liked.
    let (_, rule) = rules.named("console-password-active").expect("the rule");
    let mut password = cases::planted(rule.cases.first().expect("a case"));
    password.access.grant_display = Some(String::from("svc-deploy"));
    assert_eq!(evaluate::evaluate_one(rule, &password.facts(), rules.lists(), rules.env()), Outcome::Hit);
}

#[test]
fn a_rule_that_nests_deeply_is_an_error_and_not_the_end_of_the_program() {
    let nested = |depth: usize| {
        let when = format!("when: \"{}person.access_end_at <= now{}\"", "!(".repeat(depth), ")".repeat(depth));
        with_change("license-assigned", "when: person.access_end_at <= now", &when)
    };
    for depth in [42, 90, 400, 600] {
        assert!(nested(depth).is_err(), "{depth}");
    }
    // The deepest that is allowed is evaluated on a thread with an ordinary stack: this one.
    let allowed = nested(38).expect("it loads");
    assert!(allowed.run_cases().iter().all(|result| result.passed));
}

#[test]
fn wording_is_for_managers_and_neutral_about_how_somebody_left() {
    for (_, rule) in RULES.iter() {
        let text = format!("{} {} {}", rule.title, rule.reason, rule.remedy).to_lowercase();
        for word in ["fired", "terminat", "dismiss", "died", "death", "resign", "ex-employee", "laid off"] {
            assert!(!text.contains(word), "{}: {word}", rule.id);
        }
        assert!(rule.reason.ends_with('.') && rule.reason.len() < 200, "{}: one sentence", rule.id);
        assert!(!rule.false_positives.is_empty() && !rule.controls.is_empty(), "{}", rule.id);
    }
}

#[test]
fn rules_that_rest_on_a_subtype_alone_are_experimental() {
    let experimental: BTreeSet<&str> =
        RULES.iter().filter(|(_, rule)| rule.status == RuleStatus::Experimental).map(|(_, rule)| &*rule.id).collect();
    assert_eq!(
        experimental,
        BTreeSet::from([
            "app-registration-owner",
            "ci-secret-known",
            "org-owner-held",
            "vault-token-active",
            "webhook-or-integration-owned",
        ])
    );
}

/// Compares a committed file with what is generated; `HOLDOVER_REGENERATE=1` writes it instead.
fn is_current(path: &Path, generated: &str) {
    #[expect(clippy::disallowed_methods, reason = "a test may be asked to write what it compares")]
    if std::env::var("HOLDOVER_REGENERATE").is_ok() {
        std::fs::write(path, generated).expect("the file can be written");
    }
    let committed = std::fs::read_to_string(path).expect("the file is committed");
    assert!(committed == generated, "{} is not current: run the tests with HOLDOVER_REGENERATE=1", path.display());
}

#[test]
fn the_committed_schemas_and_the_index_are_current() {
    is_current(&folder().join("schema.json"), &rule_schema());
    is_current(&folder().join("lists").join("schema.json"), &list_schema());
    is_current(&folder().join("README.md"), &readme(&RULES));
}

#[test]
fn an_explanation_holds_what_a_person_asks_for() {
    let (_, rule) = RULES.named("session-active").expect("the rule");
    let text = explain(rule);
    for wanted in [
        "Reason",
        "Holds when",
        "access.cutoff_at >=",
        "NIST-CSF-2.0:PR.AA-04",
        "T1550.004",
        "False positives",
        "Cases",
        "unknown",
    ] {
        assert!(text.contains(wanted), "{wanted} in\n{text}");
    }
}

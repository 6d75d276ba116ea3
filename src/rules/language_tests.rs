//! What an expression may say, and how a mistake in it is told.

use std::sync::Arc;

use cel::Env;

use super::check::{Fault, MAX_LENGTH, check};
use super::lists::{List, Lists};
use super::rehearse;

fn lists() -> Lists {
    let mut lists = Lists::default();
    lists.put("break_glass", List::default());
    lists
}

fn faults(source: &str) -> Vec<Fault> {
    check(source, &lists()).expect_err("it is refused")
}

/// The first mistake: the text underlined, and what is said.
fn first(source: &str) -> (String, String) {
    let fault = faults(source).remove(0);
    (source[fault.start..fault.end].to_owned(), fault.says)
}

#[test]
fn what_the_rules_need_is_allowed() {
    for source in [
        "person.access_end_at <= now",
        "access.kind in [\"account\", \"password\"] && !(access in lists.break_glass)",
        "has(access.created_at) && access.created_at >= person.access_end_at + duration(\"1h\")",
        "now >= timestamp(\"2026-01-01T00:00:00Z\")",
        "has(access.target) && (access.target.startsWith(\"prod/\") || access.target.contains(\"admin\"))",
        "match.personal ? system.id == \"github\" : person.stint > 1",
        "!access.other_living_owner || person.legal_hold",
    ] {
        let checked = check(source, &lists()).unwrap_or_else(|faults| panic!("{source}: {faults:?}"));
        rehearse::rehearse(&checked, &Arc::new(Env::stdlib())).unwrap_or_else(|failure| panic!("{source}: {failure}"));
    }
}

#[test]
fn a_mistake_underlines_what_is_wrong() {
    for (source, underlined, says) in [
        ("persn.id == \"a\"", "persn", "unknown name"),
        ("person.id == \"a\" && acess.kind == \"b\"", "acess", "unknown name"),
        ("access.knd == \"account\"", "knd", "no field `knd`"),
        ("has(access.knd)", "knd", "no field `knd`"),
        ("access.kind == \"acount\"", "access.kind == \"acount\"", "no word of access.kind"),
        ("access.kind in [\"account\", \"pasword\"]", "\"pasword\"", "no word of access.kind"),
        ("access in lists.brake_glass", "brake_glass", "no list"),
        ("access.kind.length == 3", "access.kind.length", "no field `length`"),
        ("now.year > 3", "now.year", "a time has no field"),
        ("access.expires_at < now", "access.expires_at", "can be absent"),
    ] {
        let (found, said) = first(source);
        assert!(found == underlined && said.contains(says), "{source}: {found:?} {said:?}");
    }
}

#[test]
fn the_nearest_valid_word_is_offered() {
    for (source, help) in [
        ("persn.id == \"a\"", "`person`"),
        ("access.knd == \"account\"", "`access.kind`"),
        ("access.kind == \"acount\"", "`account`"),
        ("access in lists.brake_glass", "`break_glass`"),
        ("access.target.startWith(\"a\") && has(access.target)", "`startsWith`"),
    ] {
        let fault = faults(source).remove(0);
        assert!(fault.help.as_ref().is_some_and(|found| found.contains(help)), "{source}: {fault:?}");
    }
}

#[test]
fn operands_of_different_sorts_are_refused() {
    for (source, says) in [
        ("access.kind == now", "times are compared with"),
        ("access.kind == 3", "only like can equal like"),
        ("access.kind", "true or false"),
        ("person.stint && true", "expected true or false, found a number"),
        ("person.access_end_at < \"2026-01-01\"", "two times or two numbers"),
        ("person.access_end_at == now", "hardly ever equal"),
        ("has(access.created_at) && access.created_at <= now", "`<` or `>=`"),
        ("has(access.created_at) && now >= access.created_at", "`>` or `<=`"),
        (
            "has(access.created_at) && has(access.rotated_at) && access.created_at < access.rotated_at",
            "cannot be compared",
        ),
        ("timestamp(\"2026-01-01T00:00:00Z\") < now", "on the right"),
        ("person in lists.break_glass", "`in` takes `access`"),
        ("[1, 2].exists(x, x > 1)", "does not loop"),
        ("access.grant_id.matches(\"a*\")", "no use for `matches`"),
        ("{\"a\": 1} == {\"a\": 1}", "no maps"),
        ("access.target == null && has(access.target)", "only like can equal like"),
        ("access.kind == \"k\u{456}nd\"", "not ASCII"),
        ("access.kind ==", "no expression"),
    ] {
        let found = faults(source);
        assert!(found.iter().any(|fault| fault.says.contains(says)), "{source}: {found:?}");
    }
}

#[test]
fn several_mistakes_are_told_at_once_and_a_long_expression_is_not_read() {
    assert_eq!(faults("persn.id == \"a\" && access.knd == \"b\" && access.kind == \"c\"").len(), 3);
    let long = format!("true{}", " || true".repeat(MAX_LENGTH / 8));
    assert!(faults(&long)[0].says.contains("longer than"));
}

#[test]
fn what_a_condition_cannot_do_without_is_known_and_a_hidden_fact_is_not_among_it() {
    let needs = |source: &str| {
        let checked = check(source, &lists()).expect("it passes");
        checked.needs.iter().map(|field| field.path).collect::<Vec<_>>()
    };
    assert_eq!(needs("has(access.subtype) && access.subtype == \"ci_secret\" && match.personal"), ["access.subtype"]);
    assert!(needs("(has(access.subtype) && access.subtype == \"ci_secret\") || match.personal").is_empty());
    assert!(needs("!has(access.subtype) || access.subtype == \"ci_secret\"").is_empty());
    assert!(needs("has(access.created_at) && access.created_at >= person.access_end_at").is_empty());
}

#[test]
fn a_mistake_inside_a_broken_expression_stays_inside_it() {
    for source in ["", " ", "(", "a b", "access.", "\"", "1 +", "has(", "&&", "access.kind == \"account\" extra"] {
        for fault in check(source, &lists()).expect_err("it is refused") {
            assert!(fault.start <= source.len() && fault.end > fault.start, "{source:?}: {fault:?}");
        }
    }
}

//! Policies, asked.

use std::collections::BTreeMap;

use scan_contract::{Instant, Privilege};

use super::*;

fn now() -> Instant {
    "2026-08-01T00:00:00Z".parse().expect("a test writes valid instants")
}

fn acl(texts: &[&str]) -> Acl {
    let mut acl = Acl::new();
    for (position, text) in texts.iter().enumerate() {
        let policy = Policy::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        acl.add(&format!("p{position}"), &policy, &alice(), now());
    }
    acl
}

fn alice() -> Subject {
    Subject {
        id: String::from("e-1"),
        name: String::from("alice"),
        metadata: BTreeMap::from([(String::from("team"), String::from("blue"))]),
        aliases: vec![SubjectAlias {
            name: String::from("alice.a"),
            mount_accessor: String::from("auth_oidc_1"),
            metadata: BTreeMap::from([(String::from("site"), String::from("b1"))]),
            ..SubjectAlias::default()
        }],
        groups: vec![GroupFacts { id: String::from("g-1"), name: String::from("ops"), ..GroupFacts::default() }],
    }
}

fn words(acl: &Acl, path: &str) -> String {
    acl.decide(path).map(|found| found.capabilities.words().join(",")).unwrap_or_default()
}

#[test]
fn both_forms_of_a_policy_say_the_same() {
    let blocks = Policy::parse(
        r#"
        # a comment
        path "secret/data/app/*" {
          capabilities = ["read", "list"] // trailing
          allowed_parameters = { "a" = [], "*" = ["x"] }
          min_wrapping_ttl = "1s"
        }
        path "sys/x" { policy = "write" } /* old */
        "#,
    )
    .expect("a policy");
    let json = Policy::parse(
        r#"{"path": {"secret/data/app/*": {"capabilities": ["read", "list"]}, "sys/x": {"policy": "write"}}}"#,
    )
    .expect("a policy");
    assert_eq!(blocks, json);
    assert_eq!(blocks.rules[1].capabilities.words(), ["create", "read", "update", "delete", "list"]);
}

#[test]
fn what_is_no_policy_is_refused_with_a_reason() {
    for (text, reason) in [
        ("path \"a\" {", "does not end"),
        ("path \"a\" { capabilities = [\"red\"] }", "unknown capability"),
        ("paths \"a\" {}", "unknown key"),
        ("path a = ", "without a value"),
        ("path \"a", "does not end"),
        ("{\"path\": 3}", "no block"),
    ] {
        let error = Policy::parse(text).expect_err(text);
        assert!(error.contains(reason), "{text}: {error}");
    }
    assert!(Policy::parse(&format!("path {}", "{a".repeat(500))).is_err());
    assert_eq!(Policy::parse("").expect("nothing is a policy").rules, []);
}

#[test]
fn the_most_specific_pattern_decides() {
    let acl = acl(&[r#"
        path "secret/*" { capabilities = ["list"] }
        path "secret/data/*" { capabilities = ["read"] }
        path "secret/data/app/+/db" { capabilities = ["update"] }
        path "secret/data/app/web/*" { capabilities = ["create"] }
        path "secret/data/app/web/db" { capabilities = ["deny"] }
        path "+/data/other" { capabilities = ["delete"] }
    "#]);
    assert_eq!(words(&acl, "secret/x"), "list");
    assert_eq!(words(&acl, "secret/data/x"), "read");
    assert_eq!(words(&acl, "secret/data/app/api/db"), "update");
    assert_eq!(words(&acl, "secret/data/app/web/cache"), "create");
    assert_eq!(words(&acl, "secret/data/app/web/db"), "deny");
    assert!(!acl.may_read("secret/data/app/web/db"));
    // The first wildcard stands later in `secret/data/*` than in `+/data/other`.
    assert_eq!(words(&acl, "secret/data/other"), "read");
    assert_eq!(words(&acl, "kv/data/other"), "delete");
    assert_eq!(words(&acl, "kv/data/others"), "");
}

#[test]
fn several_policies_are_united_and_deny_wins_among_equals() {
    let united = acl(&[r#"path "a/*" { capabilities = ["read"] }"#, r#"path "a/*" { capabilities = ["update"] }"#]);
    assert_eq!(words(&united, "a/b"), "read,update");
    let denied = acl(&[r#"path "a/*" { capabilities = ["read"] }"#, r#"path "a/*" { capabilities = ["deny"] }"#]);
    assert_eq!(words(&denied, "a/b"), "deny");
    assert!(!denied.may_read("a/b"));
    let mut root = acl(&[]);
    assert!(!root.may_read("a"));
    root.add_root();
    assert!(root.may_read("a") && root.may_read_below("a/"));
}

#[test]
fn templates_are_filled_in_and_a_missing_value_leaves_the_rule_out() {
    let acl = acl(&[r#"
        path "kv/data/{{identity.entity.name}}/*" { capabilities = ["read"] }
        path "kv/data/{{ identity.entity.metadata.team }}/t" { capabilities = ["read"] }
        path "kv/data/{{identity.entity.aliases.auth_oidc_1.metadata.site}}/s" { capabilities = ["read"] }
        path "kv/data/{{identity.groups.names.ops.id}}/g" { capabilities = ["read"] }
        path "kv/data/{{identity.entity.metadata.absent}}/*" { capabilities = ["read"] }
        path "kv/data/{{identity.groups.names.admins.name}}/*" { capabilities = ["read"] }
    "#]);
    for path in ["kv/data/alice/x", "kv/data/blue/t", "kv/data/b1/s", "kv/data/g-1/g"] {
        assert!(acl.may_read(path), "{path}");
    }
    for path in ["kv/data/bob/x", "kv/data/red/t", "kv/data//x", "kv/data/admins/x"] {
        assert!(!acl.may_read(path), "{path}");
    }
    assert_eq!(acl.iter().count(), 4);
}

#[test]
fn a_value_with_a_wildcard_never_widens_a_pattern() {
    let mut subject = alice();
    subject.metadata.insert(String::from("team"), String::from("*"));
    let policy = Policy::parse(r#"path "kv/data/{{identity.entity.metadata.team}}" { capabilities = ["read"] }"#)
        .expect("a policy");
    let mut acl = Acl::new();
    acl.add("p", &policy, &subject, now());
    assert!(!acl.may_read("kv/data/anything"));
}

#[test]
fn an_expired_rule_says_nothing_and_a_coming_end_does() {
    let text = |end: &str| format!("path \"a\" {{ capabilities = [\"read\"]\n expiration = \"{end}\" }}");
    assert!(!acl(&[&text("2026-07-01T00:00:00Z")]).may_read("a"));
    assert!(acl(&[&text("2026-09-01T00:00:00Z")]).may_read("a"));
    assert!(Policy::parse(&text("tomorrow")).is_err());
}

#[test]
fn a_walk_is_pruned_where_nothing_can_be_readable() {
    let acl = acl(&[r#"
        path "kv/data/app/web/*" { capabilities = ["read"] }
        path "kv/data/one" { capabilities = ["read"] }
        path "kv/data/team/+/db" { capabilities = ["read"] }
        path "kv/data/closed/*" { capabilities = ["list"] }
    "#]);
    for folder in
        ["kv/data/", "kv/data/app/", "kv/data/app/web/", "kv/data/app/web/deep/", "kv/data/team/", "kv/data/team/x/"]
    {
        assert!(acl.may_read_below(folder), "{folder}");
    }
    for folder in ["kv/data/other/", "kv/data/app/api/", "kv/data/team/x/db/", "kv/data/closed/", "kv/data/one/"] {
        assert!(!acl.may_read_below(folder), "{folder}");
    }
}

#[test]
fn reach_is_judged_by_the_widest_rule() {
    let reach = |text: &str| judge(&acl(&[text])).privilege;
    let rule = |path: &str, words: &str| format!("path \"{path}\" {{ capabilities = [{words}] }}");
    for (path, capabilities, expected) in [
        ("secret/data/app/*", "\"read\"", Privilege::Read),
        ("secret/data/app/*", "\"update\"", Privilege::Write),
        ("secret/*", "\"read\"", Privilege::Admin),
        ("secret/data/*", "\"read\"", Privilege::Admin),
        ("*", "\"read\"", Privilege::Admin),
        ("secret/data/app", "\"sudo\", \"read\"", Privilege::Admin),
        ("sys/policies/acl/*", "\"update\"", Privilege::Admin),
        ("sys/policies/acl/*", "\"read\"", Privilege::Read),
        ("auth/userpass/users/*", "\"create\"", Privilege::Admin),
        ("identity/entity/id/*", "\"update\"", Privilege::Admin),
        ("auth/token/renew-self", "\"update\"", Privilege::None),
        ("cubbyhole/*", "\"create\", \"read\"", Privilege::None),
        ("secret/data/app", "\"deny\"", Privilege::None),
    ] {
        assert_eq!(reach(&rule(path, capabilities)), expected, "{capabilities} on {path}");
    }
    assert_eq!(reach(""), Privilege::None);
    let reason = judge(&acl(&[r#"path "secret/data/app" { capabilities = ["read"] }"#])).reason;
    assert_eq!(reason, "read on secret/data/app by policy p0");
}

#[test]
fn rules_that_shorten_lists_are_told() {
    let policy = Policy::parse(
        r#"path "a" { capabilities = ["list"]
             pagination_limit = 50 }
           path "b" { capabilities = ["list"] }"#,
    )
    .expect("a policy");
    assert_eq!(policy.rules.iter().map(|rule| rule.shortens_lists).collect::<Vec<_>>(), [true, false]);
}

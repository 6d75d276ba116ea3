//! What was decided before it was needed, and what was allowed afterwards.

use scan_contract::AccessKind;

use super::cast;
use super::make::at;
use super::signon::okta_id;
use crate::world::{ExceptionTruth, PlannedException, Policy, PolicyRule, Sentinel, System};

/// The company's policy.
pub(super) fn policy() -> Policy {
    use AccessKind::{
        Account, Automation, Delegation, GroupMembership, Ownership, RoleBinding, ServiceKey, SharedSecret,
    };
    let approvers = |group: &str, count| (group.to_owned(), count);
    let slow = vec![SharedSecret, ServiceKey, Ownership, Automation];
    Policy {
        rules: vec![
            PolicyRule {
                id: String::from("lockout"),
                when: Some((true, vec![0])),
                stages: vec![(24, vec![SharedSecret]), (48, vec![Ownership, Automation])],
                immediate: true,
                approvers: approvers("security-leads", 2),
            },
            PolicyRule {
                id: String::from("standard"),
                when: Some((false, vec![1, 2])),
                stages: vec![(4, vec![Account, RoleBinding, GroupMembership, Delegation]), (72, slow.clone())],
                immediate: false,
                approvers: approvers("system-owners", 1),
            },
            PolicyRule {
                id: String::from("everybody-else"),
                when: None,
                stages: vec![(24, vec![RoleBinding, GroupMembership, Delegation]), (168, slow)],
                immediate: false,
                approvers: approvers("system-owners", 1),
            },
        ],
    }
}

/// One entry of each sort.
pub(super) fn exceptions() -> Vec<ExceptionTruth> {
    let entry = |id: &str, person: &str, grant_id: &str| ExceptionTruth {
        id: id.to_owned(),
        kind: "transition",
        person: person.to_owned(),
        system: String::from("github-acme"),
        access_kind: AccessKind::ApiToken,
        grant_id: grant_id.to_owned(),
        reason: String::from("The build cache moves on Wednesday and nobody else has the token until then."),
        requested_by: String::from(cast::MANAGER),
        approved_by: vec![String::from(cast::LEAD)],
        approved_at: at("2026-07-31T10:02:00Z"),
        holds: (at("2026-07-31T22:00:00Z"), at("2026-08-06T00:00:00Z")),
        planned: PlannedException::Active,
    };
    vec![
        entry("EX-2026-0031", cast::EXCEPTED, "pat-wei"),
        ExceptionTruth {
            reason: String::from("The release notes of July still have to be sent by the old script."),
            holds: (at("2026-07-31T22:00:00Z"), at("2026-08-02T12:00:00Z")),
            planned: PlannedException::Expired,
            ..entry("EX-2026-0032", cast::LAPSED, "pat-priya")
        },
        // Approved by somebody who leaves on the same day: that is not independent.
        ExceptionTruth {
            reason: String::from("The classic token is needed to hand over the repositories in order."),
            approved_by: vec![String::from(cast::READER)],
            planned: PlannedException::Invalid,
            ..entry("EX-2026-0033", cast::GRAPH, "pat-ana")
        },
        ExceptionTruth {
            system: String::from("crm"),
            reason: String::from("The quarter is closed with the old token while the new one is tested."),
            holds: (at("2026-08-04T06:00:00Z"), at("2026-08-10T06:00:00Z")),
            planned: PlannedException::Pending,
            ..entry("EX-2026-0034", cast::GARDEN, "tok-miguel")
        },
    ]
}

/// A planted leaver in three systems.
pub(super) fn sentinels() -> Vec<Sentinel> {
    let sentinel = |system: &str, kind, grant_id: &str| Sentinel {
        person: String::from(cast::CANARY),
        system: system.to_owned(),
        kind,
        grant_id: grant_id.to_owned(),
    };
    vec![
        sentinel("crm", AccessKind::ApiToken, "tok-canary"),
        sentinel("okta-export", AccessKind::Account, &okta_id(cast::CANARY)),
    ]
}

/// Everything that is connected, and three things that are not.
pub(super) fn known_apps(systems: &[System]) -> Vec<(String, String, Option<String>)> {
    let mut apps: Vec<(String, String, Option<String>)> = systems
        .iter()
        .map(|system| (format!("App {}", system.id), system.owner_team.clone(), Some(system.id.clone())))
        .collect();
    for (name, owner) in
        [("Design board", "design"), ("Travel booking", "people-team"), ("Warehouse scanner", "logistics")]
    {
        apps.push((name.to_owned(), owner.to_owned(), None));
    }
    apps.sort();
    apps
}

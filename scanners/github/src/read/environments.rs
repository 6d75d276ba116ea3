//! Environments: who approves deployments to them, and the secrets they keep.

use scan_contract::{Access, AccessKind, Cause, Fact, GrantId, Privilege, Relation, ScopeName, Status};
use serde::Deserialize;

use crate::hub::{Hub, scope, somebody};
use crate::read::repository::{Known, absorb, read_part};
use crate::read::secrets::{self, Kept, Secret, Sort};
use crate::scopes;
use crate::text::clean;
use crate::told::Told;

#[derive(Debug, Deserialize)]
struct Environment {
    id: u64,
    name: String,
    protection_rules: Option<Vec<Rule>>,
}

#[derive(Debug, Deserialize)]
struct Rule {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    reviewers: Option<Vec<Reviewer>>,
}

#[derive(Debug, Deserialize)]
struct Reviewer {
    #[serde(rename = "type")]
    kind: String,
    reviewer: Option<Who>,
}

#[derive(Debug, Deserialize)]
struct Who {
    id: u64,
    #[serde(default)]
    login: Option<String>,
    #[serde(default)]
    slug: Option<String>,
}

/// Reads both scopes of one repository.
pub(crate) async fn read(hub: &Hub, known: &Known) -> Told {
    let approvers = scope(scopes::ENVIRONMENTS);
    let mut names: Vec<String> = Vec::new();
    let tell = &mut |environment: Environment, told: &mut Told| {
        approve(&approvers, known, &environment, told);
        if !names.contains(&environment.name) {
            names.push(environment.name);
        }
    };
    let mut told = read_part(hub, &approvers, known, (&["environments"], Some("environments")), tell).await;
    let secrets = scope(scopes::ENVIRONMENT_SECRETS);
    // Environments that could not be listed are secrets that could not be listed.
    let unlisted: Vec<_> =
        told.gaps.iter().map(|gap| scan_contract::Gap { scope: Some(secrets.clone()), ..gap.clone() }).collect();
    told.gaps.extend(unlisted);
    for name in &names {
        absorb(&mut told, own_secrets(hub, &secrets, known, name).await);
    }
    told
}

async fn own_secrets(hub: &Hub, scope: &ScopeName, known: &Known, environment: &str) -> Told {
    let kept = Kept { repository: known.id, name: &known.name, environment: Some(environment) };
    let place = format!("environment {} of {}", clean(environment, 80), known.name);
    let tell = &mut |found: Secret, told: &mut Told| {
        told.records.push(secrets::access(hub, scope, Sort::Actions, Some(kept), &place, &found));
    };
    read_part(hub, scope, known, (&["environments", environment, "secrets"], Some("secrets")), tell).await
}

fn approve(scope: &ScopeName, known: &Known, environment: &Environment, told: &mut Told) {
    let place = format!("{}: environment {}", known.name, clean(&environment.name, 80));
    let not_told = |what: &str| Cause::Malformed { what: format!("{what} are not told") };
    let Some(rules) = &environment.protection_rules else {
        told.gap(scope, place, not_told("protection rules"));
        return;
    };
    if rules.iter().any(|rule| rule.kind == "required_reviewers" && rule.reviewers.is_none()) {
        told.gap(scope, &*place, not_told("reviewers of a rule that requires them"));
    }
    for reviewer in rules.iter().filter_map(|rule| rule.reviewers.as_ref()).flatten() {
        match (reviewer.kind.as_str(), &reviewer.reviewer) {
            ("User", Some(Who { id, login: Some(login), .. })) => {
                told.records.push(approver(scope, known, environment, *id, login));
            }
            // Who is in a team stands in the scope of teams.
            ("Team", Some(Who { slug: Some(_), .. })) => {}
            (word, _) => told.unknown(scope, "reviewer type", word, &place),
        }
    }
}

fn approver(scope: &ScopeName, known: &Known, environment: &Environment, id: u64, login: &str) -> Access {
    let grant = GrantId::from(format!("{}/environment/{}/{id}", known.id, environment.id));
    let mut access = Access::new(scope.clone(), AccessKind::RoleBinding, grant, Status::Enabled);
    let name = clean(&environment.name, 80);
    access.grant_display = Some(format!("{login} approves deployments to {name} of {}", known.name));
    access.target = Some(format!("environment {name} of {}", known.name));
    access.privilege = Privilege::Write;
    access.privilege_reason = Some(String::from("lets jobs run that wait for approval"));
    access.created_at = Fact::Hidden(String::from("GitHub does not show since when somebody approves"));
    access.last_used_at = Fact::Hidden(String::from("approvals are not read"));
    access.holders.push(somebody(Relation::Approver, id, login));
    access
}

//! The REST interface.

use serde_json::{Value, json};

use super::truth::{Hook, Invitation, Repository, Role, Runner, Secret, Token, Truth};
use super::{GitHubStub, Means, not_found, simple};
use crate::fault::{Answer, Asked};

/// Answers one request of somebody who is signed in.
pub(super) fn answer(stub: &GitHubStub, asked: &Asked, route: &[&str]) -> Answer {
    match route {
        ["GET", "orgs", org, rest @ ..] => {
            if !stub.truth().login.eq_ignore_ascii_case(org) {
                return not_found();
            }
            organisation(stub, asked, rest)
        }
        ["GET", "repos", _, name, rest @ ..] => repository(stub, asked, name, rest),
        ["GET", "user", id] => {
            let found = id.parse().ok().and_then(|id| stub.truth().person(id));
            found.filter(|person| !person.deleted).map_or_else(not_found, |person| Answer::json(&simple(&person)))
        }
        ["GET", "users", login, what] => person(stub, asked, login, what),
        ["GET", "enterprises", slug, rest @ ..] => {
            let known = stub.truth().enterprise.as_deref() == Some(*slug);
            if known && stub.holds("enterprise") && stub.means != Means::App {
                enterprise(stub, asked, rest)
            } else {
                not_found()
            }
        }
        _ => not_found(),
    }
}

fn guarded(stub: &GitHubStub, right: &str, then: impl FnOnce(&Truth) -> Answer) -> Answer {
    if stub.holds(right) { then(&stub.truth()) } else { stub.refuse(right) }
}

fn organisation(stub: &GitHubStub, asked: &Asked, rest: &[&str]) -> Answer {
    match rest {
        [] => {
            let truth = stub.truth();
            let mut about = json!({"login": truth.login, "id": truth.id, "type": "Organization"});
            if stub.holds("organization_plan") {
                about["plan"] = json!({"name": truth.plan, "space": 1, "private_repos": 10});
                about["default_repository_permission"] = json!(truth.base_permission);
            }
            Answer::json(&about)
        }
        ["outside_collaborators"] => guarded(stub, "members", |truth| {
            paged(asked, truth.outside_count(), |from, count| truth.outside(from, count).iter().map(simple).collect())
        }),
        ["invitations"] if !stub.server && !stub.truth().managed => guarded(stub, "members", |truth| {
            list(
                asked,
                truth.invitations.iter().filter(|one| one.failed.is_none()).map(|one| invitation(truth, one)).collect(),
            )
        }),
        ["failed_invitations"] if !stub.server && !stub.truth().managed => guarded(stub, "members", |truth| {
            list(
                asked,
                truth.invitations.iter().filter(|one| one.failed.is_some()).map(|one| invitation(truth, one)).collect(),
            )
        }),
        ["organization-roles", rest @ ..] => {
            guarded(stub, "organization_custom_org_roles", |truth| roles(truth, asked, &truth.roles, rest))
        }
        ["credential-authorizations"] if !stub.server && stub.truth().saml && stub.truth().plan == "enterprise" => {
            guarded(stub, "organization_administration", |truth| list(asked, authorizations(truth)))
        }
        ["personal-access-tokens"] => {
            guarded(stub, "organization_personal_access_tokens", |truth| list(asked, tokens(truth, &truth.tokens)))
        }
        ["personal-access-token-requests"] => guarded(stub, "organization_personal_access_token_requests", |truth| {
            list(asked, tokens(truth, &truth.token_requests))
        }),
        ["installations"] => guarded(stub, "organization_administration", |truth| {
            field(asked, "installations", "total_count", installations(truth))
        }),
        ["hooks"] => guarded(stub, "organization_hooks", |truth| list(asked, truth.hooks.iter().map(hook).collect())),
        ["actions", "runners"] => guarded(stub, "organization_self_hosted_runners", |truth| {
            field(asked, "runners", "total_count", truth.runners.iter().map(runner).collect())
        }),
        ["copilot", "billing", "seats"] if !stub.server && stub.truth().copilot => {
            guarded(stub, "organization_copilot_seat_management", |truth| {
                field(asked, "seats", "total_seats", seats(truth))
            })
        }
        [sort @ ("actions" | "dependabot"), "secrets"] => {
            let right = if *sort == "actions" { "organization_secrets" } else { "organization_dependabot_secrets" };
            guarded(stub, right, |truth| secrets(asked, sort, &truth.secrets))
        }
        ["codespaces", "secrets"] if !stub.server => {
            if stub.means == Means::App || !stub.holds("organization_codespaces_secrets") {
                return stub.refuse("organization_codespaces_secrets");
            }
            secrets(asked, "codespaces", &stub.truth().secrets)
        }
        ["audit-log"] if stub.truth().plan == "enterprise" => {
            guarded(stub, "organization_administration", |truth| audit_log(truth, asked))
        }
        _ => not_found(),
    }
}

fn repository(stub: &GitHubStub, asked: &Asked, name: &str, rest: &[&str]) -> Answer {
    let truth = stub.truth();
    let old = truth.repositories.iter().find(|one| one.renamed.is_some() && one.name == name);
    if let Some(one) = old {
        let to = format!("{}/repositories/{}", asked.origin, one.id);
        return Answer::json(&json!({"message": "Moved Permanently"})).of(301).with("location", &to);
    }
    let Some(found) = truth.repository_named(name) else { return not_found() };
    drop(truth);
    hanging(stub, asked, &found, rest)
}

fn hanging(stub: &GitHubStub, asked: &Asked, found: &Repository, rest: &[&str]) -> Answer {
    match rest {
        // Who may not administer a repository is told that there is no such thing.
        ["keys"] if stub.holds("administration") => list(asked, found.keys.iter().map(deploy_key).collect()),
        ["invitations"] if stub.holds("administration") => {
            let truth = stub.truth();
            list(asked, found.invitations.iter().map(|one| repository_invitation(&truth, one)).collect())
        }
        ["hooks"] if stub.holds("repository_hooks") => list(asked, found.hooks.iter().map(hook).collect()),
        ["actions", "runners"] => guarded(stub, "administration", |_| {
            field(asked, "runners", "total_count", found.runners.iter().map(runner).collect())
        }),
        ["environments"] => {
            guarded(stub, "actions", |truth| field(asked, "environments", "total_count", environments(truth, found)))
        }
        ["actions", "workflows"] => guarded(stub, "actions", |_| {
            let shown = found.workflows.iter().enumerate().map(|(at, one)| {
                json!({"id": found.id * 100 + at as u64, "name": one.file, "path": format!(".github/workflows/{}", one.file),
                    "state": one.state, "created_at": "2025-01-01T00:00:00Z", "updated_at": "2025-01-01T00:00:00Z"})
            });
            field(asked, "workflows", "total_count", shown.collect())
        }),
        [sort @ ("actions" | "dependabot" | "codespaces"), "secrets"] => {
            let right = if *sort == "actions" { String::from("secrets") } else { format!("{sort}_secrets") };
            guarded(stub, &right, |_| secrets(asked, sort, &found.secrets))
        }
        ["environments", name, "secrets"] => guarded(stub, "environments", |_| {
            let environment = found.environments.iter().find(|one| one.name == *name);
            environment.map_or_else(not_found, |one| secrets(asked, "actions", &one.secrets))
        }),
        _ => not_found(),
    }
}

fn person(stub: &GitHubStub, asked: &Asked, login: &str, what: &str) -> Answer {
    let Some(person) = stub.truth().by_login(login).filter(|person| !person.deleted) else { return not_found() };
    match what {
        "keys" => list(
            asked,
            person
                .keys
                .iter()
                .enumerate()
                .map(|(at, key)| json!({"id": person.id * 100 + at as u64, "key": key}))
                .collect(),
        ),
        "gpg_keys" => {
            let shown = person.gpg_keys.iter().map(|(id, key_id, revoked)| {
                json!({"id": id, "primary_key_id": null, "key_id": key_id, "public_key": "x", "emails": [], "subkeys": [],
                    "can_sign": true, "can_encrypt_comms": false, "can_encrypt_storage": false, "can_certify": true,
                    "created_at": "2025-02-01T00:00:00Z", "expires_at": null, "revoked": revoked, "raw_key": null})
            });
            list(asked, shown.collect())
        }
        "ssh_signing_keys" => {
            let shown = person.signing_keys.iter().map(
                |(id, key)| json!({"id": id, "key": key, "title": "laptop", "created_at": "2025-02-01T00:00:00Z"}),
            );
            list(asked, shown.collect())
        }
        _ => not_found(),
    }
}

fn enterprise(stub: &GitHubStub, asked: &Asked, rest: &[&str]) -> Answer {
    let truth = stub.truth();
    match rest {
        ["consumed-licenses"] => {
            let shown = truth.licenses.iter().map(|one| {
                json!({"github_com_login": one.login, "github_com_name": "N", "license_type": "enterprise",
                    "github_com_saml_name_id": one.saml, "github_com_verified_domain_emails": [], "enterprise_server_emails": []})
            });
            field(asked, "users", "total_seats_consumed", shown.collect())
        }
        ["enterprise-roles", rest @ ..] => roles(&truth, asked, &truth.enterprise_roles, rest),
        _ => not_found(),
    }
}

/// A page of an array, with a link to the next one.
fn paged(asked: &Asked, total: usize, render: impl FnOnce(usize, usize) -> Vec<Value>) -> Answer {
    let size = asked.number_of("per_page", 30).clamp(1, 100);
    let number = asked.number_of("page", 1).max(1);
    let shown = render((number - 1) * size, size);
    linked(asked, Answer::json(&Value::Array(shown)), total, size, number)
}

fn linked(asked: &Asked, answer: Answer, total: usize, size: usize, number: usize) -> Answer {
    if number * size >= total {
        return answer;
    }
    let mut query: Vec<String> = asked
        .raw_query
        .split('&')
        .filter(|part| !part.starts_with("page=") && !part.is_empty())
        .map(String::from)
        .collect();
    query.push(format!("page={}", number + 1));
    answer.with("link", &format!("<{}{}?{}>; rel=\"next\"", asked.origin, by_id(&asked.path), query.join("&")))
}

/// The platform links further pages by id, whatever name was asked for.
fn by_id(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["", "orgs", _, rest @ ..] => format!("/organizations/4711/{}", rest.join("/")),
        ["", "repos", _, _, rest @ ..] => format!("/repositories/1/{}", rest.join("/")),
        _ => String::from(path),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "every caller has just made it")]
fn list(asked: &Asked, all: Vec<Value>) -> Answer {
    paged(asked, all.len(), |from, count| all.iter().skip(from).take(count).cloned().collect())
}

#[expect(clippy::needless_pass_by_value, reason = "every caller has just made it")]
fn field(asked: &Asked, name: &str, total: &str, all: Vec<Value>) -> Answer {
    let size = asked.number_of("per_page", 30).clamp(1, 100);
    let number = asked.number_of("page", 1).max(1);
    let shown: Vec<Value> = all.iter().skip((number - 1) * size).take(size).cloned().collect();
    linked(asked, Answer::json(&json!({total: all.len(), name: shown})), all.len(), size, number)
}

fn invitation(truth: &Truth, one: &Invitation) -> Value {
    json!({
        "id": one.id, "login": one.login, "email": one.email, "role": one.role, "created_at": one.created_at,
        "failed_at": one.failed.as_ref().map(|_| "2026-06-08T00:00:00Z"), "failed_reason": one.failed,
        "inviter": one.inviter.and_then(|id| truth.person(id)).map(|person| simple(&person)),
        "team_count": 1, "node_id": "I_1", "invitation_source": "member",
    })
}

fn repository_invitation(truth: &Truth, one: &Invitation) -> Value {
    json!({
        "id": one.id, "permissions": one.role, "created_at": one.created_at, "expired": one.failed.is_some(),
        "invitee": one.login.as_ref().map(|login| json!({"login": login, "id": 5_000 + one.id, "type": "User"})),
        "inviter": one.inviter.and_then(|id| truth.person(id)).map(|person| simple(&person)),
        "url": "https://x.example", "html_url": "https://x.example", "node_id": "I_2",
    })
}

fn roles(truth: &Truth, asked: &Asked, all: &[Role], rest: &[&str]) -> Answer {
    match rest {
        [] => {
            let shown = all.iter().map(|role| {
                json!({"id": role.id, "name": role.name, "base_role": role.base, "source": "Organization",
                    "permissions": role.permissions, "created_at": "2025-01-01T00:00:00Z", "updated_at": "2025-01-01T00:00:00Z"})
            });
            // This list has no pages.
            let shown: Vec<Value> = shown.collect();
            Answer::json(&json!({"total_count": shown.len(), "roles": shown}))
        }
        [id, "users"] => {
            let Some(role) = all.iter().find(|role| role.id.to_string() == *id) else { return not_found() };
            let shown = role.people.iter().filter_map(|(id, assignment)| {
                let mut shown = simple(&truth.person(*id)?);
                shown["assignment"] = json!(assignment);
                shown["inherited_from"] = if assignment == "direct" {
                    json!([])
                } else {
                    json!([{"id": 201, "slug": "core", "name": "core"}])
                };
                Some(shown)
            });
            list(asked, shown.collect())
        }
        _ => not_found(),
    }
}

fn authorizations(truth: &Truth) -> Vec<Value> {
    let shown = truth.authorizations.iter().map(|one| {
        let mut shown = json!({
            "login": one.login, "credential_id": one.id, "credential_type": one.kind,
            "credential_authorized_at": "2025-05-01T00:00:00Z", "credential_accessed_at": one.accessed_at,
            "authorized_credential_id": one.id + 1_000, "authorized_credential_expires_at": one.expires_at,
        });
        let is_key = one.kind.eq_ignore_ascii_case("ssh key");
        shown[if is_key { "authorized_credential_title" } else { "authorized_credential_note" }] = json!(one.title);
        if let Some(print) = &one.fingerprint {
            shown["fingerprint"] = json!(print);
        }
        if let Some(scopes) = &one.scopes {
            shown["scopes"] = json!(scopes);
            shown["token_last_eight"] = json!("71c3fc11");
        }
        shown
    });
    shown.collect()
}

fn tokens(truth: &Truth, all: &[Token]) -> Vec<Value> {
    let shown = all.iter().map(|one| {
        json!({
            "id": one.id, "owner": truth.person(one.owner).map(|person| simple(&person)), "repository_selection": "subset",
            "permissions": {"organization": {&one.permission.0: one.permission.1}, "repository": {"metadata": "read"}},
            "access_granted_at": "2025-06-01T00:00:00Z", "created_at": "2025-06-01T00:00:00Z", "reason": "because",
            "token_id": one.id + 2_000, "token_name": one.name, "token_expired": one.expired,
            "token_expires_at": *super::IN_A_YEAR, "token_last_used_at": one.last_used_at,
        })
    });
    shown.collect()
}

fn installations(truth: &Truth) -> Vec<Value> {
    let shown = truth.installations.iter().map(|one| {
        let permissions: serde_json::Map<String, Value> =
            one.permissions.iter().map(|(name, access)| (name.clone(), json!(access))).collect();
        json!({
            "id": one.id, "app_id": one.id + 3_000, "app_slug": one.slug, "repository_selection": "all",
            "permissions": permissions, "events": ["push"], "created_at": "2025-03-01T00:00:00Z",
            "updated_at": "2025-03-01T00:00:00Z", "suspended_at": one.suspended.then_some("2025-09-01T00:00:00Z"),
            "suspended_by": if one.suspended { truth.person(super::OWNER).map(|person| simple(&person)) } else { None },
        })
    });
    shown.collect()
}

fn hook(one: &Hook) -> Value {
    json!({
        "id": one.id, "name": "web", "active": one.active, "events": ["push"], "type": "Organization",
        "config": {"url": one.url, "content_type": "json", "insecure_ssl": "0", "secret": "********"},
        "created_at": "2025-04-01T00:00:00Z", "updated_at": "2025-04-02T00:00:00Z",
    })
}

fn runner(one: &Runner) -> Value {
    json!({"id": one.id, "name": one.name, "os": "linux", "status": one.status, "busy": false, "labels": [], "runner_group_id": 1})
}

fn seats(truth: &Truth) -> Vec<Value> {
    let shown = truth.seats.iter().map(|one| {
        json!({"assignee": truth.person(one.person).map(|person| simple(&person)), "created_at": "2025-07-01T00:00:00Z",
            "last_activity_at": one.last_activity_at, "pending_cancellation_date": null, "plan_type": "business"})
    });
    shown.collect()
}

fn secrets(asked: &Asked, sort: &str, all: &[Secret]) -> Answer {
    let shown = all.iter().filter(|one| one.sort == sort).map(|one| {
        json!({"name": one.name, "created_at": "2025-01-01T00:00:00Z", "updated_at": one.updated_at, "visibility": "all"})
    });
    field(asked, "secrets", "total_count", shown.collect())
}

fn deploy_key(one: &super::DeployKey) -> Value {
    json!({"id": one.id, "key": one.key, "title": one.title, "verified": true, "created_at": "2024-01-01T00:00:00Z",
        "read_only": one.read_only, "added_by": one.added_by, "last_used": one.last_used, "enabled": one.enabled})
}

fn environments(truth: &Truth, found: &Repository) -> Vec<Value> {
    let shown = found.environments.iter().map(|one| {
        let mut reviewers: Vec<Value> = one
            .approvers
            .iter()
            .filter_map(|id| truth.person(*id))
            .map(|person| json!({"type": "User", "reviewer": simple(&person)}))
            .collect();
        if !reviewers.is_empty() {
            reviewers.push(json!({"type": "Team", "reviewer": {"id": 201, "slug": "core", "name": "core"}}));
        }
        json!({"id": one.id, "node_id": "E_1", "name": one.name, "created_at": "2025-01-01T00:00:00Z", "updated_at": "2025-01-01T00:00:00Z",
            "protection_rules": [{"id": 1, "type": "wait_timer", "wait_timer": 5},
                {"id": 2, "type": "required_reviewers", "reviewers": reviewers}]})
    });
    shown.collect()
}

/// `phrase=action:hook.create created:>=2026-01-01`: words that all must hold.
fn audit_log(truth: &Truth, asked: &Asked) -> Answer {
    let phrase = asked.query("phrase").unwrap_or_default();
    let word = |name: &str| phrase.split(' ').find_map(|part| part.strip_prefix(name));
    let git = asked.query("include") == Some("git");
    let mut all: Vec<_> = truth
        .events
        .iter()
        .filter(|event| word("action:").is_none_or(|action| event.action == action))
        .filter(|event| word("actor:").is_none_or(|actor| event.actor.eq_ignore_ascii_case(actor)))
        .filter(|event| event.action.starts_with("git.") == git)
        .collect();
    all.sort_by_key(|event| std::cmp::Reverse(event.at));
    let shown = all.iter().map(|event| {
        let mut shown = json!({"@timestamp": event.at, "action": event.action, "actor": event.actor, "actor_id": event.actor_id,
            "_document_id": format!("d{}", event.at)});
        for (name, value) in event.more.as_object().into_iter().flatten() {
            shown[name] = value.clone();
        }
        shown
    });
    list(asked, shown.collect())
}

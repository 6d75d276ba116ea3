//! The contract suite of the kit, with an App.

use std::sync::{Arc, OnceLock};

use holdover_kit::fault::{Answer, Damage, On};
use holdover_kit::stub::github::{
    Authorization, DeployKey, GitHubStub, Hook, Installation, Invitation, Made, Means, Person, Repository, Runner,
    Seat, Secret, Token, Truth as Organisation, key_line,
};
use holdover_kit::suite::{
    Bench, Class, Credential, Excuse, Expiry, List, Mishap, Point, Route, Service, Setting, Spoils, Stage, Truth,
};
use scan_contract::{AccessKind, Cause, Instant, Scanner, Status};
use scan_github::{ALLOW, Edition, GitHub, Ways};
use scan_transport::{Door, PaceSettings};
use serde_json::json;

use crate::kit::{Kept, app, named, quick, settings};

/// Objects a page in this suite: every list of the usual organisation has several.
const PAGE: usize = 2;

struct GitHubBench;

/// One time for all readings, near the service's own.
#[expect(clippy::disallowed_methods, reason = "services beside real sockets tell the real time")]
fn clock() -> Instant {
    static NOW: OnceLock<Instant> = OnceLock::new();
    *NOW.get_or_init(chrono::Utc::now)
}

fn text(words: &str) -> String {
    String::from(words)
}

/// An organisation in which one list has so many objects.
fn with_list(list: &str, objects: usize) -> Organisation {
    let mut truth = Organisation::empty();
    let ids = 1..=objects as u64;
    let svc = || Repository { id: 1001, name: text("svc"), ..Repository::default() };
    match list {
        "members" => {
            truth.people.clear();
            truth.made = Made { members: objects, ..Made::default() };
        }
        "outside-collaborators" => truth.made = Made { outside: objects, ..Made::default() },
        "external-identities" => {
            truth.people.clear();
            truth.unclaimed = ids.map(|id| format!("p{id}@acme.example")).collect();
        }
        "invitations" => {
            truth.invitations = ids
                .map(|id| Invitation {
                    id,
                    email: Some(format!("i{id}@x.example")),
                    role: text("direct_member"),
                    created_at: text("2026-06-01T00:00:00Z"),
                    ..Invitation::default()
                })
                .collect();
        }
        "credential-authorizations" => {
            truth.authorizations = ids
                .map(|id| Authorization {
                    id,
                    login: text("owner"),
                    kind: text("personal access token"),
                    ..Authorization::default()
                })
                .collect();
        }
        "personal-access-tokens" => {
            truth.tokens = ids
                .map(|id| Token {
                    id,
                    owner: 100,
                    name: text("t"),
                    permission: (text("members"), text("read")),
                    ..Token::default()
                })
                .collect();
        }
        "installations" => {
            truth.installations =
                ids.map(|id| Installation { id, slug: format!("a{id}"), ..Installation::default() }).collect();
        }
        "webhooks" => truth.hooks = ids.map(|id| Hook { id, active: true, url: text("https://h.example") }).collect(),
        "actions-secrets" => {
            truth.secrets = ids
                .map(|id| Secret {
                    sort: text("actions"),
                    name: format!("S{id}"),
                    updated_at: text("2026-01-01T00:00:00Z"),
                })
                .collect();
        }
        "runners" => {
            truth.runners = ids.map(|id| Runner { id, name: format!("r{id}"), status: text("online") }).collect();
        }
        "copilot-seats" => {
            truth.made = Made { members: objects, ..Made::default() };
            truth.seats = ids.map(|id| Seat { person: 9_999_999 + id, last_activity_at: None }).collect();
        }
        "repository-collaborators" => truth.made = Made { members: 1, repositories: objects, ..Made::default() },
        "deploy-keys" => {
            let key = |id: u64| DeployKey {
                id,
                key: key_line(usize::try_from(id).unwrap_or(0)),
                title: text("k"),
                read_only: true,
                enabled: true,
                ..DeployKey::default()
            };
            truth.repositories = vec![Repository { keys: ids.map(key).collect(), ..svc() }];
        }
        other => panic!("no list {other}"),
    }
    truth
}

fn with_names(names: &[String]) -> Organisation {
    let mut truth = Organisation::usual();
    for (number, name) in names.iter().enumerate() {
        let id = 6_000 + number as u64;
        truth.people.push(Person {
            id,
            login: name.clone(),
            name: Some(name.clone()),
            role: Some(text("MEMBER")),
            verified_emails: vec![name.clone()],
            saml_name: Some(name.clone()),
            keys: vec![key_line(6_000 + number)],
            ..Person::default()
        });
        truth.teams.push(holdover_kit::stub::github::Team {
            id,
            slug: name.clone(),
            members: vec![(id, text("MEMBER"))],
            ..Default::default()
        });
        truth.roles.push(holdover_kit::stub::github::Role {
            id,
            name: name.clone(),
            people: vec![(id, text("direct"))],
            ..Default::default()
        });
        truth.hooks.push(Hook { id, active: true, url: name.clone() });
        truth.secrets.push(Secret {
            sort: text("actions"),
            name: name.clone(),
            updated_at: text("2026-01-01T00:00:00Z"),
        });
        truth.authorizations.push(Authorization {
            id,
            login: name.clone(),
            kind: text("SSH key"),
            title: name.clone(),
            fingerprint: Some(name.clone()),
            ..Authorization::default()
        });
        truth.repositories.push(Repository {
            id,
            name: name.clone(),
            collaborators: vec![(id, text("ADMIN"))],
            codeowners: Some((text("CODEOWNERS"), format!("* @{name}\n{name} @leaver\n"))),
            environments: vec![holdover_kit::stub::github::Environment {
                id,
                name: name.clone(),
                ..Default::default()
            }],
            keys: vec![DeployKey {
                id,
                key: key_line(number),
                title: name.clone(),
                added_by: Some(name.clone()),
                enabled: true,
                ..DeployKey::default()
            }],
            ..Repository::default()
        });
    }
    truth
}

fn organisation(stage: &Stage) -> Organisation {
    match stage {
        Stage::Usual => Organisation::usual(),
        Stage::List { list, objects } => with_list(list, *objects),
        Stage::Large { objects } => {
            let made =
                Made { members: objects * 6 / 10, outside: objects * 3 / 10, teams: objects / 20, ..Made::default() };
            Organisation { made, ..Organisation::empty() }
        }
        Stage::Names(names) => with_names(names),
    }
}

/// Operations that an App does not use here, and why.
const NOT_HERE: [(&str, &str); 5] = [
    ("GET /orgs/{org}/codespaces/secrets", "GitHub shows them to no App"),
    ("GET /enterprises/{enterprise}/consumed-licenses", "GitHub shows them to no App of an organization"),
    ("GET /enterprises/{enterprise}/enterprise-roles", "GitHub shows them to no App of an organization"),
    (
        "GET /enterprises/{enterprise}/enterprise-roles/{role_id}/users",
        "GitHub shows them to no App of an organization",
    ),
    ("GET /user/{account_id}", "asked only for somebody whom no list of this run showed"),
];

fn spoils(operation: &str) -> Spoils {
    let kinds: &'static [&'static str] = match operation {
        "POST /graphql" => &[
            "members",
            "ssh-keys",
            "teams",
            "external-identities",
            "repositories",
            "repository-collaborators",
            "deploy-keys",
            "environments",
            "environment-secrets",
            "codeowners",
            "scheduled-workflows",
            "repository-webhooks",
            "repository-secrets",
            "repository-runners",
            "repository-invitations",
        ],
        "GET /orgs/{org}"
        | "GET /orgs/{org}/installation"
        | "POST /app/installations/{installation_id}/access_tokens" => {
            return Spoils::Everything;
        }
        "DELETE /installation/token" => return Spoils::Nothing("signing out changes no scope"),
        "GET /user/{account_id}" => return Spoils::Nothing("nobody asks it in the usual organisation"),
        "GET /orgs/{org}/outside_collaborators" => &["outside-collaborators"],
        "GET /orgs/{org}/invitations" => &["invitations"],
        "GET /orgs/{org}/failed_invitations" => &["failed-invitations"],
        "GET /orgs/{org}/organization-roles" | "GET /orgs/{org}/organization-roles/{role_id}/users" => {
            &["organization-roles"]
        }
        "GET /users/{username}/keys" => &["ssh-keys"],
        "GET /users/{username}/ssh_signing_keys" | "GET /users/{username}/gpg_keys" => &["gpg-keys"],
        "GET /orgs/{org}/credential-authorizations" => &["credential-authorizations"],
        "GET /orgs/{org}/personal-access-tokens" => &["personal-access-tokens"],
        "GET /orgs/{org}/personal-access-token-requests" => &["personal-access-token-requests"],
        "GET /orgs/{org}/installations" => &["installations"],
        "GET /orgs/{org}/hooks" => &["webhooks"],
        "GET /orgs/{org}/actions/runners" => &["runners"],
        "GET /orgs/{org}/copilot/billing/seats" => &["copilot-seats"],
        "GET /orgs/{org}/actions/secrets" => &["actions-secrets"],
        "GET /orgs/{org}/dependabot/secrets" => &["dependabot-secrets"],
        "GET /orgs/{org}/audit-log" => &["audit-log"],
        "GET /repos/{owner}/{repo}/keys" => &["deploy-keys"],
        "GET /repos/{owner}/{repo}/invitations" => &["repository-invitations"],
        "GET /repos/{owner}/{repo}/hooks" => &["repository-webhooks"],
        "GET /repos/{owner}/{repo}/actions/runners" => &["repository-runners"],
        "GET /repos/{owner}/{repo}/environments" => &["environments", "environment-secrets"],
        "GET /repos/{owner}/{repo}/actions/workflows" => &["scheduled-workflows"],
        "GET /repos/{owner}/{repo}/environments/{environment_name}/secrets" => &["environment-secrets"],
        "GET /repos/{owner}/{repo}/actions/secrets"
        | "GET /repos/{owner}/{repo}/dependabot/secrets"
        | "GET /repos/{owner}/{repo}/codespaces/secrets" => &["repository-secrets"],
        _ => return Spoils::Nothing("an App does not use it"),
    };
    Spoils::Kinds(kinds)
}

fn query(name: &str) -> On {
    On::post("/graphql").body(&format!("\"operationName\":\"{name}\""))
}

impl Bench for GitHubBench {
    fn serve(&self, setting: &Setting) -> Service {
        let mut truth = organisation(&setting.stage);
        if setting.credential == Credential::OtherTenant {
            truth.id += 1;
        }
        let stub = GitHubStub::new(truth, Means::App, &setting.secret);
        let stub = if setting.credential == Credential::Wrong { stub.refusing_claims() } else { stub };
        Service::new(setting.build(Arc::new(stub)).operations(named).start())
    }

    fn scanner(&self, service: &Service, setting: &Setting) -> Result<Box<dyn Scanner>, Cause> {
        let mut settings = settings(service.server.origin(), Edition::Cloud, app());
        settings.enterprise = None;
        settings.page_size = if matches!(setting.stage, Stage::Large { .. }) { 100 } else { PAGE as u16 };
        settings.connection.pace = Some(PaceSettings { attempts: 2, ..quick() });
        let door = Door::open(settings.door(), settings.allow(), Arc::new(clock))?;
        let scanner = GitHub::new(settings, Ways { door, secrets: Arc::new(Kept) })?;
        Ok(Box::new(scanner))
    }

    fn routes(&self) -> Vec<Route> {
        let route = |row: &'static scan_transport::Operation| {
            let words = row.rights.first().copied().unwrap_or("");
            let refusal = Answer::json(&json!({"message": "Resource not accessible by integration"})).of(403);
            let named = if words.is_empty() { refusal } else { refusal.with("x-accepted-github-permissions", words) };
            // A GraphQL refusal names the rights of each query by itself.
            let permission = if row.name == "POST /graphql" { "=read" } else { words };
            Route { operation: row.name, refusal: named, permission, spoils: spoils(row.name) }
        };
        ALLOW.operations.iter().map(route).collect()
    }

    fn lists(&self) -> Vec<List> {
        let list = |name: &'static str, kind: AccessKind| List { name, scope: name, kind, page: PAGE };
        vec![
            list("members", AccessKind::Account),
            list("outside-collaborators", AccessKind::Account),
            list("external-identities", AccessKind::Account),
            list("invitations", AccessKind::Account),
            list("credential-authorizations", AccessKind::ApiToken),
            list("personal-access-tokens", AccessKind::ApiToken),
            list("installations", AccessKind::OauthGrant),
            list("webhooks", AccessKind::Automation),
            list("actions-secrets", AccessKind::SharedSecret),
            list("runners", AccessKind::Automation),
            list("copilot-seats", AccessKind::License),
            list("repository-collaborators", AccessKind::RoleBinding),
            list("deploy-keys", AccessKind::SshKey),
        ]
    }

    fn mishaps(&self) -> Vec<Mishap> {
        let of = |list: &'static str| Stage::List { list, objects: 5 };
        let limited = |answer: Answer| answer.with("content-type", "application/json");
        let secondary = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
        vec![
            Mishap {
                name: "P1 no next page although the total says more",
                class: Class::Paging,
                stage: of("members"),
                on: query("OrganizationMembers").nth(1),
                damage: Damage::set("/data/organization/membersWithRole/pageInfo/hasNextPage", json!(false)),
                spoils: Spoils::Kinds(&["members", "ssh-keys"]),
                says: "",
            },
            Mishap {
                name: "P2 the same cursor again",
                class: Class::Paging,
                stage: of("external-identities"),
                on: query("ExternalIdentities").from(2),
                damage: Damage::set(
                    "/data/organization/samlIdentityProvider/externalIdentities/pageInfo/endCursor",
                    json!("c2"),
                ),
                spoils: Spoils::Kinds(&["external-identities"]),
                says: "same cursor",
            },
            Mishap {
                name: "P3 an empty page with a next page",
                class: Class::Paging,
                stage: of("outside-collaborators"),
                on: On::get("/orgs/*/outside_collaborators").query("page", "2").nth(1),
                damage: Damage::emptied(""),
                spoils: Spoils::Nothing("the walk is made again until two agree"),
                says: "",
            },
            Mishap {
                name: "P4 another order in one walk",
                class: Class::Paging,
                stage: of("webhooks"),
                on: On::get("/orgs/*/hooks").nth(2),
                damage: Damage::reversed(""),
                spoils: Spoils::Nothing("keys are compared, not their order"),
                says: "",
            },
            Mishap {
                name: "L1 429 with seconds",
                class: Class::Limit,
                stage: Stage::Usual,
                on: On::get("/orgs/*/hooks").nth(1),
                damage: Damage::Reply(Answer::json(&json!({"message": "slow down"})).of(429).with("retry-after", "1")),
                spoils: Spoils::Nothing("a wait"),
                says: "",
            },
            Mishap {
                name: "L2 secondary limit with a header",
                class: Class::Limit,
                stage: Stage::Usual,
                on: On::get("/orgs/*/installations").nth(1),
                damage: Damage::Reply(limited(
                    Answer::json(&json!({"message": secondary})).of(403).with("retry-after", "1"),
                )),
                spoils: Spoils::Nothing("a wait"),
                says: "",
            },
            Mishap {
                name: "L2 secondary limit in words alone",
                class: Class::Limit,
                stage: Stage::Usual,
                on: On::get("/orgs/*/installations").nth(1),
                damage: Damage::Reply(Answer::json(&json!({"message": secondary})).of(403)),
                spoils: Spoils::Nothing("a wait"),
                says: "",
            },
            Mishap {
                name: "11 data beside an error",
                class: Class::PartialReply,
                stage: Stage::Usual,
                on: query("RepositorySweep").nth(1),
                damage: Damage::change(|_, answer| {
                    answer.edit(|value| {
                        value["data"]["organization"]["repositories"]["nodes"][0]["workflows"] = json!(null);
                        value["errors"] = json!([{"type": "FORBIDDEN", "message": "no",
                            "path": ["organization", "repositories", "nodes", 0, "workflows"]}]);
                    })
                }),
                spoils: Spoils::Kinds(&["scheduled-workflows"]),
                says: "contents=read",
            },
            Mishap {
                name: "13 partial results of single sign-on",
                class: Class::PartialReply,
                stage: Stage::Usual,
                on: On::get("/orgs/*/outside_collaborators").nth(1),
                damage: Damage::header("x-github-sso", "partial-results; organizations=21955855,20582480"),
                spoils: Spoils::Kinds(&["outside-collaborators"]),
                says: "21955855,20582480",
            },
        ]
    }

    fn truth(&self) -> Vec<Truth> {
        let one = |scope: &'static str, kind: AccessKind, id: &str, status: Status| Truth {
            scope,
            kind,
            grant_id: text(id),
            status,
        };
        let off = "1001/workflow/.github/workflows/off.yaml";
        vec![
            one("members", AccessKind::Account, "101", Status::Enabled),
            one(
                "external-identities",
                AccessKind::Account,
                "external-identity/g-new.hire@acme.example",
                Status::Pending,
            ),
            one("invitations", AccessKind::Account, "invitation/1", Status::Pending),
            one("failed-invitations", AccessKind::Account, "invitation/4", Status::Expired),
            one("personal-access-tokens", AccessKind::ApiToken, "token-grant/21", Status::Enabled),
            one("personal-access-tokens", AccessKind::ApiToken, "token-grant/22", Status::Expired),
            one("installations", AccessKind::OauthGrant, "installation/82", Status::Disabled),
            one("webhooks", AccessKind::Automation, "webhook/53", Status::Disabled),
            one("deploy-keys", AccessKind::SshKey, "deploy-key/32", Status::Disabled),
            one("scheduled-workflows", AccessKind::Automation, off, Status::Disabled),
            one("gpg-keys", AccessKind::Certificate, "104/gpg/1040", Status::Revoked),
        ]
    }

    fn expiry(&self) -> Expiry {
        Expiry {
            refusal: Answer::json(&json!({"message": "Bad credentials"})).of(401),
            sign_in: &["POST /app/installations/{installation_id}/access_tokens"],
        }
    }

    fn secret_fields(&self) -> &'static [&'static str] {
        &["secret", "token_last_eight", "public_key", "raw_key"]
    }

    fn excuses(&self) -> Vec<Excuse> {
        let mut excuses: Vec<Excuse> = NOT_HERE
            .iter()
            .flat_map(|(operation, reason)| {
                [Point::OnlyListedRequests, Point::RoutesDenied, Point::PartialReplies].map(|point| Excuse {
                    point,
                    part: operation,
                    reason,
                })
            })
            .collect();
        for part in ["codespaces-secrets", "enterprise-licenses", "enterprise-roles"] {
            excuses.push(Excuse { point: Point::RightCredentials, part, reason: "GitHub shows it to no App" });
        }
        for part in ["codespaces-secrets/shared_secret", "enterprise-licenses/license", "enterprise-roles/role_binding"]
        {
            excuses.push(Excuse { point: Point::EveryState, part, reason: "GitHub shows it to no App" });
        }
        let reason = "an App is no member of what it reads; a known object is the configuration's to name, and the engine looks for it";
        excuses.push(Excuse { point: Point::SelfSighting, part: "", reason });
        excuses.push(Excuse {
            point: Point::PartialReplies,
            part: "DELETE /installation/token",
            reason: "signing out changes no scope",
        });
        excuses
    }
}

holdover_kit::contract_suite!(GitHubBench);

#[test]
#[ignore = "measures the whole process"]
fn a_hundred_thousand_objects_fit_into_256_mib() {
    let took = holdover_kit::suite::hundred_thousand_objects_within(&GitHubBench, 256 * 1024 * 1024);
    println!("{took:?}");
}

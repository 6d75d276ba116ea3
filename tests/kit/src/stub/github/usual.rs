//! The usual organisation: at least one thing of every kind and in every state the platform knows, held by a leaver, by
//! their twin who stays, or by nobody.

use serde_json::json;
use ssh_key::public::{Ed25519PublicKey, KeyData};

use super::truth::{
    Authorization, DeployKey, Environment, Event, Hook, Installation, Invitation, License, Person, Repository, Role,
    Runner, Seat, Secret, Team, Token, Truth, Workflow,
};

/// Id of the one who left.
pub const LEAVER: u64 = 101;
/// Id of the one who stays.
pub const TWIN: u64 = 102;
/// Id of an owner.
pub const OWNER: u64 = 100;
/// Id of an outside collaborator.
pub const CONTRACTOR: u64 = 103;

/// A public key that differs with its number.
pub fn key_line(number: usize) -> String {
    let mut bytes = [7_u8; 32];
    bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
    let key = ssh_key::PublicKey::new(KeyData::Ed25519(Ed25519PublicKey(bytes)), "");
    key.to_openssh().unwrap_or_else(|error| format!("no key: {error}"))
}

fn person(id: u64, login: &str, role: Option<&str>, number: usize) -> Person {
    Person {
        id,
        login: String::from(login),
        name: Some(format!("Name of {login}")),
        email: String::new(),
        verified_emails: vec![format!("{login}@acme.example")],
        role: role.map(String::from),
        outside: role.is_none(),
        two_factor: Some(true),
        keys: vec![key_line(number)],
        gpg_keys: vec![(id * 10, format!("AABBCC{id}"), false)],
        signing_keys: vec![(id * 10 + 1, key_line(number + 50))],
        saml_name: role.map(|_| format!("{login}@acme.example")),
        deleted: false,
    }
}

fn secret(sort: &str, name: &str) -> Secret {
    Secret { sort: String::from(sort), name: String::from(name), updated_at: String::from("2026-01-10T00:00:00Z") }
}

fn text(words: &str) -> String {
    String::from(words)
}

fn people() -> Vec<Person> {
    let mut contractor = person(CONTRACTOR, "contractor", None, 4);
    contractor.verified_emails.clear();
    let mut hidden = person(104, "hidden", Some("MEMBER"), 5);
    hidden.two_factor = None;
    hidden.verified_emails.clear();
    hidden.email = text("hidden@private.example");
    hidden.gpg_keys[0].2 = true;
    vec![
        person(OWNER, "owner", Some("ADMIN"), 1),
        person(LEAVER, "leaver", Some("MEMBER"), 2),
        person(TWIN, "twin", Some("MEMBER"), 3),
        contractor,
        hidden,
    ]
}

fn invitations() -> Vec<Invitation> {
    let invitation = |id: u64, role: &str, login: Option<&str>, failed: Option<&str>| Invitation {
        id,
        login: login.map(String::from),
        email: login.is_none().then(|| format!("guest{id}@elsewhere.example")),
        role: text(role),
        created_at: text("2026-06-01T00:00:00Z"),
        inviter: Some(LEAVER),
        failed: failed.map(String::from),
    };
    vec![
        invitation(1, "direct_member", None, None),
        invitation(2, "admin", Some("newcomer"), None),
        invitation(3, "billing_manager", None, None),
        invitation(4, "direct_member", Some("late"), Some("Invitation expired")),
    ]
}

fn authorizations() -> Vec<Authorization> {
    let one = |id: u64, login: &str, kind: &str| Authorization {
        id,
        login: text(login),
        kind: text(kind),
        title: format!("{kind} of {login}"),
        accessed_at: Some(text("2026-07-31T10:00:00Z")),
        ..Authorization::default()
    };
    let mut token = one(11, "leaver", "personal access token");
    token.scopes = Some(vec![text("repo"), text("admin:org")]);
    let mut key = one(12, "leaver", "SSH key");
    key.fingerprint = Some(text("SHA256:hY1vuEqqGnKr1gqIU3NRmKqvAGf0n1qQ3qYJ2K0kZ4E"));
    let mut never = one(13, "twin", "OAuth app token");
    never.accessed_at = None;
    vec![token, key, never, one(14, "leaver", "GitHub app token")]
}

fn tokens() -> (Vec<Token>, Vec<Token>) {
    let token = |id: u64, owner: u64, expired: bool| Token {
        id,
        owner,
        name: format!("token {id}"),
        expired,
        last_used_at: (!expired).then(|| text("2026-07-01T00:00:00Z")),
        permission: (text("members"), text("write")),
    };
    (vec![token(21, LEAVER, false), token(22, TWIN, true)], vec![token(23, LEAVER, false)])
}

fn repositories() -> Vec<Repository> {
    let key = |id: u64, read_only: bool, enabled: bool| DeployKey {
        id,
        key: key_line(usize::try_from(id).unwrap_or(0)),
        title: format!("key {id}"),
        read_only,
        added_by: Some(text("leaver")),
        last_used: read_only.then(|| text("2026-07-30T00:00:00Z")),
        enabled,
    };
    let nightly = Workflow {
        file: text("nightly.yml"),
        text: text("name: nightly\non:\n  schedule:\n    - cron: '0 2 * * *'\njobs: {}\n"),
        state: text("active"),
        author: text("leaver"),
    };
    let off = Workflow {
        file: text("off.yaml"),
        state: text("disabled_manually"),
        author: text("gone@acme.example"),
        ..nightly.clone()
    };
    let plain = Workflow { file: text("ci.yml"), text: text("on: push\njobs: {}\n"), ..nightly.clone() };
    let svc = Repository {
        id: 1001,
        name: text("svc"),
        collaborators: vec![(LEAVER, text("ADMIN")), (CONTRACTOR, text("WRITE")), (TWIN, text("READ"))],
        keys: vec![key(31, false, true), key(32, true, false)],
        environments: vec![Environment {
            id: 41,
            name: text("prod/eu west"),
            approvers: vec![LEAVER],
            secrets: vec![secret("actions", "DEPLOY_KEY")],
        }],
        codeowners: Some((
            text(".github/CODEOWNERS"),
            text("* @leaver @acme/core\n# @nobody\n/docs docs@acme.example\n"),
        )),
        workflows: vec![nightly, off, plain],
        hooks: vec![Hook { id: 51, active: true, url: text("https://hooks.example/in?token=hush") }],
        secrets: vec![secret("actions", "API"), secret("dependabot", "FEED"), secret("codespaces", "SPACE")],
        runners: vec![Runner { id: 61, name: text("box"), status: text("offline") }],
        invitations: vec![
            Invitation {
                id: 71,
                login: Some(text("guest")),
                role: text("write"),
                created_at: text("2026-06-02T00:00:00Z"),
                inviter: Some(LEAVER),
                ..Invitation::default()
            },
            Invitation {
                id: 72,
                login: Some(text("guest")),
                role: text("read"),
                created_at: text("2026-05-02T00:00:00Z"),
                inviter: Some(TWIN),
                failed: Some(text("expired")),
                ..Invitation::default()
            },
        ],
        ..Repository::default()
    };
    let attic = Repository {
        id: 1002,
        name: text("attic"),
        archived: true,
        collaborators: vec![(LEAVER, text("ADMIN"))],
        ..Repository::default()
    };
    let bare = Repository { id: 1003, name: text("bare"), ..Repository::default() };
    vec![svc, attic, bare]
}

fn events(login: &str) -> Vec<Event> {
    let event = |at: i64, action: &str, more: serde_json::Value| Event {
        at,
        action: text(action),
        actor: text("leaver"),
        actor_id: LEAVER,
        more,
    };
    vec![
        event(1_785_000_000_000, "hook.create", json!({"hook_id": 52})),
        event(1_785_000_100_000, "integration_installation.create", json!({"installation_id": 81})),
        event(1_785_000_200_000, "org.create_actions_secret", json!({"key": "ORG_TOKEN"})),
        event(1_785_000_300_000, "repo.create_actions_secret", json!({"key": "API", "repo": format!("{login}/svc")})),
        event(
            1_785_600_000_000,
            "git.clone",
            json!({"repo": format!("{login}/svc"), "transport_protocol_name": "ssh"}),
        ),
    ]
}

impl Truth {
    /// The usual organisation `acme`.
    pub fn usual() -> Self {
        let (tokens, token_requests) = tokens();
        let role = |id: u64, name: &str, base: Option<&str>, people: Vec<(u64, String)>| Role {
            id,
            name: text(name),
            base: base.map(String::from),
            permissions: if base.is_none() { vec![text("read_audit_logs")] } else { Vec::new() },
            people,
        };
        let installation = |id: u64, access: &str, suspended: bool| Installation {
            id,
            slug: format!("app-{id}"),
            permissions: vec![(text("contents"), text(access))],
            suspended,
        };
        Self {
            login: text("acme"),
            id: 4711,
            plan: text("enterprise"),
            saml: true,
            copilot: true,
            base_permission: text("read"),
            people: people(),
            teams: vec![
                Team {
                    id: 201,
                    slug: text("core"),
                    members: vec![(LEAVER, text("MAINTAINER")), (TWIN, text("MEMBER"))],
                    rights: vec![text("ADMIN")],
                    ..Team::default()
                },
                Team {
                    id: 202,
                    slug: text("below"),
                    parent: Some(text("core")),
                    members: vec![(TWIN, text("MEMBER"))],
                    ..Team::default()
                },
            ],
            invitations: invitations(),
            roles: vec![
                role(301, "all_repo_admin", Some("admin"), vec![(LEAVER, text("direct")), (TWIN, text("indirect"))]),
                role(302, "auditor", None, vec![(TWIN, text("mixed"))]),
            ],
            unclaimed: vec![text("new.hire@acme.example")],
            authorizations: authorizations(),
            tokens,
            token_requests,
            installations: vec![installation(81, "write", false), installation(82, "read", true)],
            hooks: vec![
                Hook { id: 52, active: true, url: text("https://hooks.example/org?token=hush") },
                Hook { id: 53, active: false, url: text("not an address") },
            ],
            secrets: vec![
                secret("actions", "ORG_TOKEN"),
                secret("dependabot", "ORG_FEED"),
                secret("codespaces", "ORG_SPACE"),
            ],
            runners: vec![Runner { id: 62, name: text("big box"), status: text("online") }],
            seats: vec![
                Seat { person: LEAVER, last_activity_at: Some(text("2026-07-01T00:00:00Z")) },
                Seat { person: TWIN, last_activity_at: None },
            ],
            repositories: repositories(),
            events: events("acme"),
            enterprise: Some(text("acme-inc")),
            licenses: vec![
                License { login: text("leaver"), saml: Some(text("leaver@acme.example")) },
                License { login: String::new(), saml: Some(text("server.only@acme.example")) },
            ],
            enterprise_roles: vec![role(401, "enterprise_auditor", None, vec![(LEAVER, text("direct"))])],
            ..Self::default()
        }
    }

    /// An organisation with nothing in it but an owner.
    pub fn empty() -> Self {
        let usual = Self::usual();
        Self {
            people: usual.people.into_iter().filter(|person| person.id == OWNER).collect(),
            login: usual.login,
            id: usual.id,
            plan: usual.plan,
            saml: true,
            copilot: true,
            base_permission: usual.base_permission,
            enterprise: usual.enterprise,
            ..Self::default()
        }
    }
}

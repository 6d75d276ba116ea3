//! A GitHub organisation, on github.com or on GitHub Enterprise Server.
//!
//! Shapes follow the REST description (octokit/openapi) and the public GraphQL schema (octokit/graphql-schema); paging is
//! by `Link` headers and cursors, rights are named in `X-Accepted-GitHub-Permissions` or `X-OAuth-Scopes`.

mod graphql;
mod rest;
mod truth;
mod usual;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

pub use truth::{
    Authorization, DeployKey, Environment, Event, Hook, Installation, Invitation, License, Made, Person, Repository,
    Role, Runner, Seat, Secret, Team, Token, Truth, Workflow,
};
pub use usual::{CONTRACTOR, LEAVER, OWNER, TWIN, key_line};

use crate::fault::{Answer, Asked, Stub};

/// What a client signs in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Means {
    /// A classic token with scopes.
    Classic(Vec<String>),
    /// A fine-grained token, of whose rights the platform says nothing.
    FineGrained,
    /// A GitHub App.
    App,
}

/// Rights of an App that may read everything the scanner reads.
pub const APP_RIGHTS: [&str; 20] = [
    "actions",
    "administration",
    "codespaces_secrets",
    "contents",
    "dependabot_secrets",
    "environments",
    "members",
    "metadata",
    "organization_administration",
    "organization_copilot_seat_management",
    "organization_custom_org_roles",
    "organization_dependabot_secrets",
    "organization_hooks",
    "organization_personal_access_token_requests",
    "organization_personal_access_tokens",
    "organization_plan",
    "organization_secrets",
    "organization_self_hosted_runners",
    "repository_hooks",
    "secrets",
];

/// The stub.
pub struct GitHubStub {
    truth: Mutex<Truth>,
    means: Means,
    token: String,
    server: bool,
    denied: Mutex<BTreeSet<String>>,
    silent: Mutex<bool>,
    issued: Mutex<u64>,
    refuses_claims: bool,
    revoked: Mutex<BTreeSet<String>>,
    points: Mutex<u64>,
    /// Announced limit of requests, and how many of them were used.
    limit: Mutex<(u64, u64)>,
}

impl GitHubStub {
    /// github.com, signed in to with this token. For an App: with any signed claims, which are exchanged for tokens that
    /// hold it.
    pub fn new(truth: Truth, means: Means, token: &str) -> Self {
        Self {
            truth: Mutex::new(truth),
            means,
            token: String::from(token),
            server: false,
            denied: Mutex::default(),
            silent: Mutex::new(false),
            issued: Mutex::new(0),
            refuses_claims: false,
            revoked: Mutex::default(),
            points: Mutex::new(0),
            limit: Mutex::new((1_000_000, 0)),
        }
    }

    /// The same as GitHub Enterprise Server: below `/api`, and without what it does not have.
    #[must_use]
    pub fn server(mut self) -> Self {
        self.server = true;
        self
    }

    /// The same, which knows no App that signs in.
    #[must_use]
    pub fn refusing_claims(mut self) -> Self {
        self.refuses_claims = true;
        self
    }

    /// The truth, to be changed during a test.
    pub fn truth(&self) -> MutexGuard<'_, Truth> {
        self.truth.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a right away, such as `members`.
    pub fn deny(&self, right: &str) {
        lock(&self.denied).insert(String::from(right));
    }

    /// Whether the rights an App's token has are told when it is made.
    pub fn hide_rights(&self) {
        *lock(&self.silent) = true;
    }

    /// From now on so many requests an hour are announced; they count down.
    pub fn announce(&self, limit: u64) {
        *lock(&self.limit) = (limit, 0);
    }

    /// GraphQL points spent so far.
    pub fn points(&self) -> u64 {
        *lock(&self.points)
    }

    /// How many tokens were made, and how many were given back.
    pub fn tokens(&self) -> (u64, usize) {
        (*lock(&self.issued), lock(&self.revoked).len())
    }

    fn holds(&self, right: &str) -> bool {
        if lock(&self.denied).contains(right) {
            return false;
        }
        match &self.means {
            Means::App => APP_RIGHTS.contains(&right),
            Means::Classic(_) => !right.starts_with("organization_personal_access_token"),
            Means::FineGrained => !right.starts_with("organization_personal_access_token") && right != "enterprise",
        }
    }

    fn permissions(&self) -> BTreeMap<&str, &str> {
        APP_RIGHTS.iter().filter(|right| self.holds(right)).map(|right| (*right, "read")).collect()
    }

    /// 401 for a token that is not known.
    fn admits(&self, asked: &Asked) -> bool {
        let Some(token) = asked.token() else { return false };
        match self.means {
            Means::App => {
                let number = token.strip_prefix("ghs_").and_then(|rest| rest.strip_prefix(self.token.as_str()));
                number.is_some_and(|number| number.parse().is_ok_and(|number: u64| number <= *lock(&self.issued)))
                    && !lock(&self.revoked).contains(token)
            }
            Means::Classic(_) | Means::FineGrained => token == self.token,
        }
    }

    /// Requests with which an App signs in and out.
    fn sign(&self, asked: &Asked, route: &[&str]) -> Option<Answer> {
        if self.means != Means::App {
            return None;
        }
        let claims = !self.refuses_claims && asked.token().is_some_and(|token| token.split('.').count() == 3);
        match route {
            ["GET", "orgs", org, "installation"] => {
                let known = self.truth().login.eq_ignore_ascii_case(org);
                Some(match (claims, known) {
                    (false, _) => unauthenticated(),
                    (true, false) => not_found(),
                    (true, true) => Answer::json(&json!({"id": 900, "app_id": 7, "permissions": self.permissions()})),
                })
            }
            ["POST", "app", "installations", id, "access_tokens"] => Some(if !claims {
                unauthenticated()
            } else if *id == "900" {
                let mut issued = lock(&self.issued);
                *issued += 1;
                let ends = in_an_hour();
                let permissions = if *lock(&self.silent) { json!({}) } else { json!(self.permissions()) };
                let token = format!("ghs_{}{issued}", self.token);
                Answer::json(&json!({"token": token, "expires_at": ends, "permissions": permissions})).of(201)
            } else {
                not_found()
            }),
            ["DELETE", "installation", "token"] if self.admits(asked) => {
                lock(&self.revoked).extend(asked.token().map(String::from));
                Some(Answer::status(204))
            }
            _ => None,
        }
    }

    fn refuse(&self, right: &str) -> Answer {
        let words = match self.means {
            Means::App => "Resource not accessible by integration",
            Means::FineGrained => "Resource not accessible by personal access token",
            Means::Classic(_) => "Must have admin rights to Repository.",
        };
        let answer =
            Answer::json(&json!({"message": words, "documentation_url": "https://docs.github.com/rest"})).of(403);
        match self.means {
            Means::Classic(_) => answer,
            Means::App | Means::FineGrained => answer.with("x-accepted-github-permissions", &format!("{right}=read")),
        }
    }

    fn headed(&self, answer: Answer, resource: &str) -> Answer {
        let reset = now().timestamp() + 3_600;
        let (limit, remaining) = {
            let mut counted = lock(&self.limit);
            counted.1 += 1;
            (counted.0, counted.0.saturating_sub(counted.1))
        };
        let answer = answer
            .with("x-ratelimit-limit", &limit.to_string())
            .with("x-ratelimit-remaining", &remaining.to_string())
            .with("x-ratelimit-reset", &reset.to_string())
            .with("x-ratelimit-resource", resource)
            .with("x-github-request-id", "ABCD:1234");
        match &self.means {
            Means::Classic(scopes) => answer.with("x-oauth-scopes", &scopes.join(", ")),
            Means::App | Means::FineGrained => answer,
        }
    }
}

impl Stub for GitHubStub {
    fn answer(&self, asked: &Asked) -> Answer {
        let whole = asked.route();
        let below: &[&str] = if self.server { &["api", "v3"] } else { &[] };
        let graphql: &[&str] = if self.server { &["api", "graphql"] } else { &["graphql"] };
        if whole[0] == "POST" && &whole[1..] == graphql {
            if !self.admits(asked) {
                return self.headed(unauthenticated(), "graphql");
            }
            let (value, cost) = graphql::answer(self, &asked.json());
            *lock(&self.points) += cost;
            return self.headed(Answer::json(&value), "graphql");
        }
        let Some(rest) = whole[1..].strip_prefix(below) else { return self.headed(not_found(), "core") };
        let mut route = vec![whole[0]];
        route.extend_from_slice(rest);
        if let Some(answer) = self.sign(asked, &route) {
            return self.headed(answer, "core");
        }
        if !self.admits(asked) {
            return self.headed(unauthenticated(), "core");
        }
        self.headed(rest::answer(self, asked, &route), "core")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The real time: a service has its own clock.
#[expect(clippy::disallowed_methods, reason = "a stub beside real sockets has the real time")]
fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}

/// The day on which tokens expire that have not: the same for every answer of a process.
static IN_A_YEAR: LazyLock<String> =
    LazyLock::new(|| (now() + chrono::TimeDelta::days(365)).format("%Y-%m-%dT00:00:00Z").to_string());

fn in_an_hour() -> String {
    (now() + chrono::TimeDelta::hours(1)).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn unauthenticated() -> Answer {
    Answer::json(&json!({"message": "Bad credentials"})).of(401)
}

fn not_found() -> Answer {
    Answer::json(&json!({"message": "Not Found"})).of(404)
}

/// Somebody as REST shows people.
fn simple(person: &Person) -> Value {
    json!({
        "login": person.login, "id": person.id, "node_id": format!("U_{}", person.id), "type": "User", "site_admin": false,
        "avatar_url": "https://avatars.example/x",
    })
}

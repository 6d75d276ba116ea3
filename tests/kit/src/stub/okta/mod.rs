//! An Okta organisation: users, applications, groups, roles, tokens, consents, factors, devices, policies, system log.
//!
//! Written from the vendor's published description of its management API (okta/okta-management-openapi-spec, 2026.06): paths,
//! fields, paging by `Link`, the scope that each path needs, the list of users that leaves out deprovisioned ones unless
//! it is searched, error codes.

#![expect(
    clippy::result_large_err,
    clippy::needless_pass_by_value,
    reason = "an answer is an answer, refused or not, and few are made"
)]

mod filter;
mod render;
mod sign_in;
mod truth;

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::fault::{Answer, Asked, Stub};

use filter::Expression;
pub use sign_in::ServiceApp;
use sign_in::{Doors, Entry};
pub use truth::{
    OktaApiToken, OktaApp, OktaAssignment, OktaDevice, OktaEvent, OktaFactor, OktaGrant, OktaGroup, OktaOrg,
    OktaRefreshToken, OktaRole, OktaSignOnRule, OktaUser,
};

/// The service.
pub struct OktaStub {
    org: Mutex<OktaOrg>,
    doors: Mutex<Doors>,
    /// Administrator rights that are lacking, by scope name, whatever the token's scopes.
    lacking: Mutex<BTreeSet<String>>,
    /// Most elements of a page, so that small worlds have many pages.
    page: Mutex<usize>,
}

/// An error in Okta's words. The summary quotes what was asked, as Okta's do.
pub fn okta_error(status: u16, code: &str) -> Answer {
    Answer::json(&json!({
        "errorCode": code,
        "errorSummary": "a summary that quotes what was asked",
        "errorLink": code,
        "errorId": "oae-0000",
        "errorCauses": [],
    }))
    .of(status)
}

/// 429 as Okta says it: the instant of the reset in seconds, and no `Retry-After`.
pub fn okta_throttled(reset: i64) -> Answer {
    okta_error(429, "E0000047")
        .with("x-rate-limit-limit", "600")
        .with("x-rate-limit-remaining", "0")
        .with("x-rate-limit-reset", &reset.to_string())
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl OktaStub {
    /// A service for this organisation. Nobody can sign in yet.
    pub fn new(org: OktaOrg) -> Self {
        let token_text = String::from("access-token-s3cr3t");
        let doors = Doors { expires_in: 3600, token_text, ..Doors::default() };
        Self { org: Mutex::new(org), doors: Mutex::new(doors), lacking: Mutex::default(), page: Mutex::new(usize::MAX) }
    }

    /// Lets an API token in, which `user` made.
    #[must_use]
    pub fn with_api_token(self, value: &str, user: &str) -> Self {
        locked(&self.doors).api_tokens.insert(String::from(value), String::from(user));
        self
    }

    /// Lets a service app sign in.
    #[must_use]
    pub fn with_service_app(self, app: ServiceApp) -> Self {
        locked(&self.doors).apps.push(app);
        self
    }

    /// Access tokens begin with this text.
    #[must_use]
    pub fn with_access_tokens(self, text: &str) -> Self {
        locked(&self.doors).token_text = String::from(text);
        self
    }

    /// At most so many elements a page.
    #[must_use]
    pub fn with_pages_of(self, page: usize) -> Self {
        *locked(&self.page) = page;
        self
    }

    /// Changes the truth.
    pub fn change(&self, change: impl FnOnce(&mut OktaOrg)) {
        change(&mut locked(&self.org));
    }

    /// The truth now.
    pub fn truth(&self) -> OktaOrg {
        locked(&self.org).clone()
    }

    /// The administrator's role no longer covers what this scope is for.
    pub fn take_right(&self, scope: &str) {
        locked(&self.lacking).insert(String::from(scope));
    }

    /// No access token given so far is good any more.
    pub fn end_access_tokens(&self) {
        locked(&self.doors).access_tokens.clear();
    }

    /// Takes a scope from a service app: tokens given from now on lack it.
    pub fn revoke_scope(&self, scope: &str) {
        for app in &mut locked(&self.doors).apps {
            app.scopes.remove(scope);
        }
    }

    /// Access tokens given so far.
    pub fn tokens_given(&self) -> u64 {
        locked(&self.doors).given
    }

    /// Seconds a new access token is said to live.
    pub fn tokens_live(&self, seconds: u64) {
        locked(&self.doors).expires_in = seconds;
    }

    fn refused(&self, asked: &Asked, scope: &str) -> Option<Answer> {
        let entry = {
            let org = locked(&self.org);
            let active = |user: &str| org.users.iter().any(|own| own.id == user && own.status == "ACTIVE");
            locked(&self.doors).entry(asked, active)
        };
        match entry {
            None => Some(okta_error(401, "E0000011")),
            Some(Entry::Scopes(scopes)) if !scopes.contains(scope) => Some(Answer::status(403).with(
                "www-authenticate",
                &format!(
                    "Bearer authorization_uri=\"{0}/oauth2/v1/authorize\", realm=\"{0}\", scope=\"{scope}\", \
                     error=\"insufficient_scope\", error_description=\"The access token provided does not contain \
                     the required scopes.\", resource=\"{1}\"",
                    asked.origin, asked.path
                ),
            )),
            Some(_) if locked(&self.lacking).contains(scope) => Some(okta_error(403, "E0000006")),
            Some(_) => None,
        }
    }

    /// The user who made the API token of a request.
    fn own_user(&self, asked: &Asked) -> String {
        let token = asked.token().unwrap_or_default();
        locked(&self.doors).api_tokens.get(token).cloned().unwrap_or_default()
    }

    /// A page of a list: the cursor is opaque, and the last page has no link to a next one.
    fn page(&self, asked: &Asked, all: Vec<Value>, most: usize) -> Answer {
        let page = asked.number_of("limit", most).clamp(1, most).min(*locked(&self.page));
        let from = match asked.query("after") {
            Some(cursor) => match all.iter().position(|value| cursor_of(value) == cursor) {
                Some(position) => position + 1,
                None => return okta_error(400, "E0000031"),
            },
            None => 0,
        };
        let rest = all.get(from..).unwrap_or_default();
        let here = &rest[..rest.len().min(page)];
        let mut answer = Answer::json(&json!(here))
            .with("link", &format!("<{}>; rel=\"self\"", asked.address()))
            .with("x-rate-limit-limit", "600")
            .with("x-rate-limit-remaining", "599");
        if let Some(last) = here.last().filter(|_| rest.len() > page) {
            let mut query: Vec<String> = asked.raw_query.split('&').map(String::from).collect();
            query.retain(|part| !part.is_empty() && !part.starts_with("after="));
            query.push(format!("after={}", cursor_of(last)));
            answer =
                answer.with("link", &format!("<{}{}?{}>; rel=\"next\"", asked.origin, asked.path, query.join("&")));
        }
        answer
    }

    fn read(&self, asked: &Asked, route: &[&str]) -> Answer {
        let org = locked(&self.org).clone();
        let origin = asked.origin.as_str();
        let list = |values: Vec<Value>, most: usize| self.page(asked, values, most);
        let known = |user: &str| org.users.iter().any(|own| own.id == user);
        match route {
            ["users"] => users(&org, asked).map_or_else(|refusal| refusal, |found| list(found, 200)),
            ["users", "me"] => {
                let me = self.own_user(asked);
                one(org.users.iter().find(|user| user.id == me).map(|user| render::user(user, origin)))
            }
            ["users", id] => one(org.users.iter().find(|user| user.id == *id).map(|user| render::user(user, origin))),
            ["users", "me", "roles"] => {
                let me = self.own_user(asked);
                list(org.roles_of(&me).into_iter().map(|role| render::role(role, origin)).collect(), 200)
            }
            ["users", user, rest @ ..] if known(user) => of_user(&org, user, rest, asked, &list),
            ["apps"] => apps(&org, asked).map_or_else(|refusal| refusal, |found| list(found, 200)),
            ["apps", app, rest @ ..] => of_app(&org, app, rest, asked, &list),
            ["iam", "assignees", "users"] => self.assignees(&org, asked),
            ["iam", "roles", role, "permissions"] => one(org
                .custom_roles
                .iter()
                .find(|(id, _)| id == role)
                .map(|(_, labels)| json!({"permissions": labels.iter().map(|label| json!({"label": label})).collect::<Vec<_>>()}))),
            ["api-tokens"] => list(org.api_tokens.iter().map(render::api_token).collect(), usize::MAX),
            ["api-tokens", id] => one(org.api_tokens.iter().find(|token| token.id == *id).map(render::api_token)),
            ["authorizationServers", rest @ ..] => servers(&org, rest, origin, &list),
            ["logs"] => self.logs(&org, asked),
            ["policies"] => list(
                org.policies
                    .iter()
                    .map(|(id, status, _)| json!({"id": id, "status": status, "name": id, "type": "OKTA_SIGN_ON"}))
                    .collect(),
                200,
            ),
            ["policies", id, "rules"] => match org.policies.iter().find(|(own, _, _)| own == id) {
                Some((_, _, rules)) => {
                    list(rules.iter().enumerate().map(|(at, rule)| render::rule(at, rule)).collect(), 200)
                }
                None => okta_error(404, "E0000007"),
            },
            ["clients", id, "roles"] => list(
                org.roles.iter().filter(|role| role.assignee == *id).map(|role| render::role(role, origin)).collect(),
                200,
            ),
            _ => okta_error(404, "E0000007"),
        }
    }

    /// The one list whose next link stands in the body.
    fn assignees(&self, org: &OktaOrg, asked: &Asked) -> Answer {
        let admins: Vec<Value> = org
            .users
            .iter()
            .filter(|user| org.roles.iter().any(|role| role.assignee == user.id))
            .map(|user| json!({"id": user.id, "orn": format!("orn:okta:directory:{}:users:{}", org.id, user.id)}))
            .collect();
        let page = self.page(asked, admins, 100);
        if page.status != 200 {
            return page;
        }
        let next = page.headers.get_all("link").iter().filter_map(|link| link.to_str().ok()).find_map(|link| {
            link.strip_suffix("; rel=\"next\"").map(|link| String::from(link.trim_matches(['<', '>'])))
        });
        let links = next.map_or_else(|| json!({}), |next| json!({"next": {"href": next}}));
        Answer::json(&json!({"value": page.value(), "_links": links}))
    }

    fn logs(&self, org: &OktaOrg, asked: &Asked) -> Answer {
        let Some(filter) = asked.query("filter").map_or(Some(None), |text| Expression::parse(text).map(Some)) else {
            return okta_error(400, "E0000053");
        };
        let (since, until) = (asked.query("since").unwrap_or(""), asked.query("until"));
        let mut found: Vec<Value> = org
            .events
            .iter()
            .filter(|event| event.published.as_str() >= since)
            .filter(|event| until.is_none_or(|until| event.published.as_str() < until))
            .map(render::event)
            .filter(|event| filter.as_ref().is_none_or(|filter| filter.fits(event)))
            .collect();
        found.sort_by_key(|event| event["published"].to_string());
        if asked.query("sortOrder") == Some("DESCENDING") {
            found.reverse();
        }
        let answer = self.page(asked, found, 1000);
        // A query without an end is a poll: it always has a next link.
        let polls = until.is_none()
            && !answer.headers.get_all("link").iter().any(|link| link.as_bytes().ends_with(b"\"next\""));
        if polls { answer.with("link", &format!("<{}>; rel=\"next\"", asked.address())) } else { answer }
    }
}

impl Stub for OktaStub {
    fn answer(&self, asked: &Asked) -> Answer {
        let route = asked.route();
        match route.as_slice() {
            ["GET", ".well-known", "okta-organization"] => {
                let org = locked(&self.org);
                Answer::json(&json!({
                    "id": org.id,
                    "pipeline": org.pipeline,
                    "_links": {"organization": {"href": format!("https://{}.okta.com", org.subdomain)}},
                }))
            }
            ["POST", "oauth2", "v1", "token"] => locked(&self.doors).token(asked),
            ["GET", "api", "v1", rest @ ..] => match scope_of(rest) {
                Some(scope) => self.refused(asked, scope).unwrap_or_else(|| self.read(asked, rest)),
                None => okta_error(404, "E0000022"),
            },
            ["GET", "oauth2", "v1", rest @ ..] => {
                self.refused(asked, "okta.roles.read").unwrap_or_else(|| self.read(asked, rest))
            }
            _ => okta_error(405, "E0000022"),
        }
    }
}

/// The scope that the vendor's description names for a path.
fn scope_of(route: &[&str]) -> Option<&'static str> {
    Some(match route {
        ["users", _, "roles", ..] | ["iam", ..] => "okta.roles.read",
        ["users", ..] => "okta.users.read",
        ["apps", _, "grants", ..] => "okta.appGrants.read",
        ["apps", ..] => "okta.apps.read",
        ["api-tokens", ..] => "okta.apiTokens.read",
        ["authorizationServers", ..] => "okta.authorizationServers.read",
        ["logs"] => "okta.logs.read",
        ["policies", ..] => "okta.policies.read",
        ["groups", ..] => "okta.groups.read",
        _ => return None,
    })
}

fn cursor_of(value: &Value) -> String {
    let id = ["id", "uuid", "client_id", "deviceUserId"].iter().find_map(|name| value[*name].as_str()).unwrap_or("-");
    data_encoding::BASE64URL_NOPAD.encode(id.as_bytes())
}

fn one(value: Option<Value>) -> Answer {
    value.map_or_else(|| okta_error(404, "E0000007"), |value| Answer::json(&value))
}

fn users(org: &OktaOrg, asked: &Asked) -> Result<Vec<Value>, Answer> {
    let all = org.users.iter();
    match asked.query("search").or(asked.query("filter")) {
        // Without a search, deprovisioned users are left out.
        None => Ok(all
            .filter(|user| user.status != "DEPROVISIONED")
            .map(|user| render::user(user, &asked.origin))
            .collect()),
        Some(text) => {
            let search = Expression::parse(text).ok_or_else(|| okta_error(400, "E0000031"))?;
            Ok(all.map(|user| render::user(user, &asked.origin)).filter(|user| search.fits(user)).collect())
        }
    }
}

fn apps(org: &OktaOrg, asked: &Asked) -> Result<Vec<Value>, Answer> {
    let filter = match asked.query("filter") {
        Some(text) => Some(Expression::parse(text).ok_or_else(|| okta_error(400, "E0000031"))?),
        None => None,
    };
    let with_inactive = asked.query("includeNonDeleted") == Some("true");
    Ok(org
        .apps
        .iter()
        .filter(|app| with_inactive || app.status == "ACTIVE")
        .map(|app| render::app(app, &asked.origin))
        .filter(|app| filter.as_ref().is_none_or(|filter| filter.fits(app)))
        .collect())
}

fn of_user(
    org: &OktaOrg,
    user: &str,
    rest: &[&str],
    asked: &Asked,
    list: &impl Fn(Vec<Value>, usize) -> Answer,
) -> Answer {
    let origin = asked.origin.as_str();
    match rest {
        ["factors"] => {
            list(org.factors.iter().filter(|factor| factor.user == user).map(render::factor).collect(), usize::MAX)
        }
        ["devices"] if org.pipeline == "v1" => okta_error(401, "E0000015"),
        ["devices"] => {
            list(org.devices.iter().filter(|device| device.user == user).map(render::device).collect(), usize::MAX)
        }
        ["groups"] => {
            list(org.groups.iter().filter(|group| org.is_member(group, user)).map(render::group).collect(), usize::MAX)
        }
        ["grants"] => list(
            org.grants
                .iter()
                .filter(|grant| grant.user.as_deref() == Some(user))
                .map(|grant| render::grant(grant, origin))
                .collect(),
            200,
        ),
        ["roles"] => list(org.roles_of(user).into_iter().map(|role| render::role(role, origin)).collect(), usize::MAX),
        ["roles", id] => {
            one(org.roles_of(user).into_iter().find(|role| role.id == *id).map(|role| render::role(role, origin)))
        }
        _ => okta_error(404, "E0000007"),
    }
}

fn of_app(
    org: &OktaOrg,
    app: &str,
    rest: &[&str],
    asked: &Asked,
    list: &impl Fn(Vec<Value>, usize) -> Answer,
) -> Answer {
    if !org.apps.iter().any(|own| own.id == app) {
        return okta_error(404, "E0000007");
    }
    let origin = asked.origin.as_str();
    let assigned = || org.assignments.iter().filter(|assignment| assignment.app == app);
    match rest {
        ["users"] => list(assigned().map(|assignment| render::assignment(assignment, org)).collect(), 500),
        ["users", user] => one(assigned()
            .find(|assignment| assignment.user == *user)
            .map(|assignment| render::assignment(assignment, org))),
        ["tokens"] => list(
            org.refresh_tokens
                .iter()
                .filter(|token| token.client == app)
                .map(|token| render::refresh_token(token, origin))
                .collect(),
            200,
        ),
        // Consents of users stand with their user.
        ["grants"] => list(
            org.grants
                .iter()
                .filter(|grant| grant.client == app && grant.user.is_none())
                .map(|grant| render::grant(grant, origin))
                .collect(),
            usize::MAX,
        ),
        _ => okta_error(404, "E0000007"),
    }
}

fn servers(org: &OktaOrg, rest: &[&str], origin: &str, list: &impl Fn(Vec<Value>, usize) -> Answer) -> Answer {
    let Some(servers) = &org.servers else { return okta_error(401, "E0000015") };
    let issued = |server: &str| {
        let server = String::from(server);
        org.refresh_tokens.iter().filter(move |token| token.server.as_deref() == Some(server.as_str()))
    };
    match rest {
        [] => list(servers.iter().map(|(id, name)| json!({"id": id, "name": name, "status": "ACTIVE"})).collect(), 200),
        [server, "clients"] => {
            let clients: BTreeSet<&str> = issued(server).map(|token| token.client.as_str()).collect();
            list(clients.into_iter().map(|id| json!({"client_id": id, "client_name": id})).collect(), usize::MAX)
        }
        [server, "clients", client, "tokens"] => list(
            issued(server)
                .filter(|token| token.client == *client)
                .map(|token| render::refresh_token(token, origin))
                .collect(),
            200,
        ),
        _ => okta_error(404, "E0000007"),
    }
}

//! One request at a time: addresses, answers, refusals.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderValue, Method, StatusCode};
use octocrab::Octocrab;
use scan_contract::{Cause, Gap, ScopeName};
use scan_transport::{Door, Reply};
use serde_json::Value;
use url::Url;

use crate::allow::operation;
use crate::granted::Granted;
use crate::queries::Query;
use crate::service::{DoorService, bug, reply_of};
use crate::settings::Settings;
use crate::text::clean;

/// Longest text of the platform that is repeated in a message.
const HEADER_TEXT: usize = 200;

/// The interface of one organisation.
pub(crate) struct Client {
    door: Door,
    crab: OnceLock<Octocrab>,
    version: HeaderValue,
    rest: String,
    graphql: Url,
    points: AtomicU64,
    graphql_requests: AtomicU64,
}

impl Client {
    /// A client over a door that signs already.
    pub(crate) fn new(settings: &Settings, door: Door) -> Result<Self, Cause> {
        let version = HeaderValue::from_str(&settings.api_version)
            .map_err(|_| Cause::Malformed { what: String::from("api_version is no header value") })?;
        let graphql = Url::parse(&settings.graphql()).map_err(|_| bug("no address of the GraphQL interface"))?;
        Ok(Self {
            door,
            crab: OnceLock::new(),
            version,
            rest: settings.rest(),
            graphql,
            points: AtomicU64::new(0),
            graphql_requests: AtomicU64::new(0),
        })
    }

    /// The door.
    pub(crate) fn door(&self) -> &Door {
        &self.door
    }

    /// GraphQL points used, and the queries that used them.
    pub(crate) fn points(&self) -> (u64, u64) {
        (self.points.load(Ordering::Relaxed), self.graphql_requests.load(Ordering::Relaxed))
    }

    pub(crate) fn spend(&self, points: u64) {
        self.points.fetch_add(points, Ordering::Relaxed);
    }

    /// The address of a path, each name encoded as one segment.
    pub(crate) fn address(&self, segments: &[&str], query: &[(&str, &str)]) -> Result<Url, Cause> {
        let mut text = self.rest.clone();
        for segment in segments {
            text.push('/');
            text.push_str(&encoded(segment)?);
        }
        let mut url = Url::parse(&text).map_err(|_| bug("an address that is none"))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    /// Asks for one address.
    pub(crate) async fn get(&self, url: &Url) -> Result<Reply, Cause> {
        self.exchange(Method::GET, url, None).await
    }

    /// Sends one query.
    pub(crate) async fn query(&self, query: &Query, variables: &Value) -> Result<Reply, Cause> {
        self.graphql_requests.fetch_add(1, Ordering::Relaxed);
        let body = serde_json::json!({
            "operationName": query.name,
            "query": query.document,
            "variables": variables,
        });
        self.exchange(Method::POST, &self.graphql, Some(&body)).await
    }

    /// Any request of the table.
    pub(crate) async fn exchange(&self, method: Method, url: &Url, body: Option<&Value>) -> Result<Reply, Cause> {
        // Made at the first request: octocrab's queue needs a running runtime.
        let crab = self.crab.get_or_init(|| DoorService::new(self.door.clone(), self.version.clone()).octocrab());
        let builder = http::request::Builder::new().method(method).uri(url.as_str());
        let request = crab.build_request(builder, body).map_err(|_| bug("octocrab could not build a request"))?;
        reply_of(crab.execute(request).await)
    }
}

/// A name as one segment of a path. Names that are only dots would climb, and no name of GitHub's is one.
fn encoded(segment: &str) -> Result<String, Cause> {
    if segment.is_empty() || matches!(segment, "." | "..") {
        return Err(Cause::Malformed { what: format!("{segment:?} cannot be the name of anything here") });
    }
    let mut text = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.extend([byte >> 4, byte & 15].map(hexadecimal));
        }
    }
    Ok(text)
}

/// One digit of a percent-encoded byte.
fn hexadecimal(digit: u8) -> char {
    char::from(if digit < 10 { b'0' + digit } else { b'A' + digit - 10 })
}

/// Rights the platform itself names in a refusal.
fn accepted(reply: &Reply) -> Option<String> {
    let fine = reply.header("x-accepted-github-permissions").map(|text| clean(text, HEADER_TEXT));
    let classic = || {
        let wanted = reply.header("x-accepted-oauth-scopes").filter(|text| !text.is_empty())?;
        Some(format!("one of the scopes {}", clean(wanted, HEADER_TEXT)))
    };
    fine.filter(|text| !text.is_empty()).or_else(classic)
}

/// What a 403 means: single sign-on first, then the right by the platform's own words, then by our table.
pub(crate) fn refused(reply: &Reply, granted: &Granted) -> Cause {
    if reply.header("x-github-sso").is_some_and(|text| text.starts_with("required")) {
        return Cause::Denied {
            permission: String::from("single sign-on authorisation of this token for the organisation"),
        };
    }
    let permission = accepted(reply).unwrap_or_else(|| by_table(reply.operation, granted));
    Cause::Denied { permission }
}

/// The rights of an operation by our own table.
pub(crate) fn by_table(name: &str, granted: &Granted) -> String {
    if name == "GET /orgs/{org}/audit-log" {
        return granted.name_of_audit_log();
    }
    let rights = operation(name).map_or(&[] as &[&str], |operation| operation.rights);
    if rights.is_empty() {
        return format!("{name}, which needs no right of its own: an owner has to allow it");
    }
    rights.iter().map(|right| granted.name(right)).collect::<Vec<_>>().join(", ")
}

/// The cause of an answer that is no success and that its caller has no own explanation for.
pub(crate) fn cause_of(reply: &Reply, granted: &Granted) -> Cause {
    match reply.status {
        StatusCode::FORBIDDEN => refused(reply, granted),
        StatusCode::NOT_FOUND => Cause::Denied {
            permission: format!(
                "{} (the service answers \"not found\" where it is missing)",
                by_table(reply.operation, granted)
            ),
        },
        StatusCode::MOVED_PERMANENTLY | StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => {
            // A redirect to another origin names both.
            reply.redirect_target().err().unwrap_or_else(|| Cause::Malformed {
                what: format!("{}: moved: it was renamed, and redirects are not followed", reply.operation),
            })
        }
        _ => reply.unexpected(),
    }
}

/// 200 is not always everything: with some tokens, what single sign-on guards is left out.
pub(crate) fn left_out_by_sso(reply: &Reply, scope: &ScopeName) -> Option<Gap> {
    let says = reply.header("x-github-sso").filter(|text| text.starts_with("partial-results"))?;
    let organisations = says.split_once("organizations=").map_or("not named", |(_, list)| list);
    let permission =
        format!("single sign-on authorisation of this token for organisations {}", clean(organisations, HEADER_TEXT));
    Some(Gap::part(scope, reply.operation, Cause::Denied { permission }))
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn hostile_names_stay_inside_one_segment() {
        assert_eq!(encoded("a/../b?x=1#y%2F\n").expect("encoded"), "a%2F..%2Fb%3Fx%3D1%23y%252F%0A");
        assert_eq!(encoded("-leading").expect("encoded"), "-leading");
        for wrong in ["", ".", ".."] {
            assert!(encoded(wrong).is_err(), "{wrong:?}");
        }
    }
}

//! GraphQL answers: data beside errors, nulls that may be refusals, and queries that were too big.

use http::StatusCode;
use http::header::{HeaderName, HeaderValue};
use scan_contract::{Cause, Instant};
use scan_transport::Reply;
use scan_transport::dialect::is_graphql_limit;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::hub::Hub;
use crate::queries::Query;

/// One error beside the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Type, such as `FORBIDDEN`; empty where the service gives none.
    kind: String,
    /// Where in the data, outermost first.
    path: Vec<String>,
    /// Whether single sign-on is what is missing.
    sso: bool,
    /// Whether a limit is why.
    limit: bool,
}

/// Data with what is missing in it.
#[derive(Debug)]
pub(crate) struct Graph<T> {
    /// The data.
    pub(crate) data: T,
    /// What is missing.
    pub(crate) problems: Vec<Problem>,
    /// Time of the answer.
    pub(crate) at: Instant,
}

/// Why there is no data.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The query was more than the service would do at once: a smaller page may pass.
    TooMuch(Cause),
    /// Anything else.
    Other(Cause),
}

#[derive(Deserialize)]
struct Envelope {
    data: Option<Box<RawValue>>,
    #[serde(default)]
    errors: Vec<WireProblem>,
}

#[derive(Deserialize)]
struct WireProblem {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    path: Option<Vec<Value>>,
    #[serde(default)]
    extensions: Option<Extensions>,
}

#[derive(Deserialize)]
struct Extensions {
    #[serde(default)]
    saml_failure: Option<bool>,
    #[serde(default)]
    code: Option<String>,
}

#[derive(Deserialize)]
struct Costed {
    #[serde(rename = "rateLimit", default)]
    rate_limit: Option<Cost>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cost {
    #[serde(rename = "cost")]
    points: u64,
    limit: Option<u64>,
    remaining: Option<u64>,
    reset_at: Option<chrono::DateTime<chrono::Utc>>,
}

impl Problem {
    fn of(wire: WireProblem) -> Self {
        let extensions = wire.extensions.as_ref();
        let code = wire.code.or_else(|| extensions.and_then(|extensions| extensions.code.clone()));
        let limit = is_graphql_limit(wire.kind.as_deref(), code.as_deref());
        let path = wire.path.into_iter().flatten().map(|step| match step {
            Value::String(text) => text,
            other => other.to_string(),
        });
        Self {
            kind: wire.kind.or(code).unwrap_or_default(),
            path: path.collect(),
            sso: extensions.and_then(|extensions| extensions.saml_failure) == Some(true),
            limit,
        }
    }

    /// Where, as one text.
    pub(crate) fn place(&self) -> String {
        if self.path.is_empty() {
            String::from("the whole answer")
        } else {
            crate::text::clean(&self.path.join("."), 200)
        }
    }

    /// Position in the list `name` that the problem lies below, and the field of that object, where it names one.
    pub(crate) fn below(&self, name: &str) -> Option<(usize, &str)> {
        let at = self.path.iter().position(|step| step == name)?;
        let position = self.path.get(at + 1)?.parse();
        let Ok(position) = position else { return None };
        Some((position, self.path.get(at + 2).map_or("", String::as_str)))
    }

    /// What it means for what is missing.
    pub(crate) fn cause(&self, hub: &Hub, query: &Query) -> Cause {
        if self.sso {
            return Cause::Denied {
                permission: String::from("single sign-on authorisation of this token for the organisation"),
            };
        }
        if self.limit {
            return Cause::Throttled { until: None };
        }
        match self.kind.as_str() {
            "FORBIDDEN" | "INSUFFICIENT_SCOPES" => Cause::Denied { permission: hub.rights_of(query) },
            "NOT_FOUND" => Cause::Denied {
                permission: format!("{} (the service says \"not found\" where it is missing)", hub.rights_of(query)),
            },
            other => Cause::CutOff {
                what: format!(
                    "{}: the service left {} out: {}",
                    query.name,
                    self.place(),
                    crate::text::clean(other, 60)
                ),
            },
        }
    }

    /// Whether this field is on the way to it.
    pub(crate) fn names(&self, field: &str) -> bool {
        self.path.iter().any(|step| step == field)
    }

    /// Whether it lies in this part of the data.
    pub(crate) fn concerns(&self, name: &str) -> bool {
        self.path.first().is_some_and(|step| step == name)
    }

    /// Whether the service says that something does not exist.
    pub(crate) fn is_not_found(&self) -> bool {
        self.kind == "NOT_FOUND"
    }

    fn is_too_much(&self) -> bool {
        let kind = self.kind.to_ascii_uppercase();
        kind.is_empty()
            || [
                "MAX_NODE_LIMIT_EXCEEDED",
                "RESOURCE_LIMITS_EXCEEDED",
                "EXCESSIVE_PAGINATION",
                "SERVICE_UNAVAILABLE",
                "TIMEOUT",
                "INTERNAL",
            ]
            .contains(&kind.as_str())
    }
}

/// The size of a page: halved when the service cannot answer, never raised again in one walk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stride(pub(crate) u32);

impl Stride {
    fn shrink(&mut self) -> bool {
        let smaller = self.0 / 2;
        let shrinks = smaller >= 1;
        if shrinks {
            self.0 = smaller;
        }
        shrinks
    }
}

/// Asks once.
pub(crate) async fn ask<T: DeserializeOwned>(hub: &Hub, query: &Query, variables: &Value) -> Result<Graph<T>, Trouble> {
    let reply = match hub.client.query(query, variables).await {
        Ok(reply) => reply,
        Err(cause @ (Cause::Unreachable { .. } | Cause::CutOff { .. } | Cause::LimitHit { .. })) => {
            return Err(Trouble::TooMuch(cause));
        }
        Err(cause) => return Err(Trouble::Other(cause)),
    };
    match reply.status {
        StatusCode::OK => {}
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            return Err(Trouble::TooMuch(reply.unexpected()));
        }
        StatusCode::FORBIDDEN if reply.header("x-github-sso").is_none() => {
            return Err(Trouble::Other(Cause::Denied { permission: hub.rights_of(query) }));
        }
        _ => return Err(Trouble::Other(hub.explain(&reply))),
    }
    let envelope: Envelope = reply.json().map_err(Trouble::Other)?;
    let problems: Vec<Problem> = envelope.errors.into_iter().map(Problem::of).collect();
    let data = envelope.data.filter(|data| data.get() != "null");
    let Some(data) = data else {
        return Err(no_data(hub, query, &problems, &reply));
    };
    learn(hub, &reply, &data);
    if problems.iter().any(|problem| problem.limit) {
        return Err(Trouble::Other(Cause::Throttled { until: None }));
    }
    let form = |error: serde_json::Error| {
        Trouble::Other(Cause::Malformed {
            what: format!("{}: data of another form ({:?})", query.name, error.classify()),
        })
    };
    let data = serde_json::from_str(data.get()).map_err(form)?;
    Ok(Graph { data, problems, at: reply.at })
}

fn no_data(hub: &Hub, query: &Query, problems: &[Problem], reply: &Reply) -> Trouble {
    match problems.iter().find(|problem| problem.limit).or_else(|| problems.first()) {
        None => Trouble::Other(Cause::Malformed { what: format!("{}: neither data nor errors", reply.operation) }),
        Some(problem) if problem.is_too_much() && !problem.sso && !problem.limit => {
            Trouble::TooMuch(problem.cause(hub, query))
        }
        Some(problem) => Trouble::Other(problem.cause(hub, query)),
    }
}

/// Asks for a page, smaller and smaller while the service cannot answer.
pub(crate) async fn ask_page<T: DeserializeOwned>(
    hub: &Hub,
    query: &Query,
    stride: &mut Stride,
    variables: &mut Value,
) -> Result<Graph<T>, Cause> {
    loop {
        variables["first"] = Value::from(stride.0);
        match ask(hub, query, variables).await {
            Ok(graph) => return Ok(graph),
            Err(Trouble::Other(cause)) => return Err(cause),
            Err(Trouble::TooMuch(cause)) => {
                if !stride.shrink() {
                    return Err(cause);
                }
                tracing::info!(event = "page-reduced", query = query.name, first = stride.0);
            }
        }
    }
}

/// Asks for something that has no pages.
pub(crate) async fn ask_whole<T: DeserializeOwned>(
    hub: &Hub,
    query: &Query,
    variables: &Value,
) -> Result<Graph<T>, Cause> {
    match ask(hub, query, variables).await {
        Ok(graph) => Ok(graph),
        Err(Trouble::TooMuch(cause) | Trouble::Other(cause)) => Err(cause),
    }
}

/// Counts the points, and tells the pace where the answer's headers do not.
fn learn(hub: &Hub, reply: &Reply, data: &RawValue) {
    let Ok(Costed { rate_limit: Some(cost) }) = serde_json::from_str(data.get()) else { return };
    hub.client.spend(cost.points);
    let (None, Some(limit), Some(remaining), Some(reset)) =
        (reply.header("x-ratelimit-remaining"), cost.limit, cost.remaining, cost.reset_at)
    else {
        return;
    };
    let mut told = reply.clone();
    let numbers = [
        ("x-ratelimit-limit", limit.to_string()),
        ("x-ratelimit-remaining", remaining.to_string()),
        ("x-ratelimit-reset", reset.timestamp().to_string()),
    ];
    for (name, value) in numbers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            told.headers.insert(HeaderName::from_static(name), value);
        }
    }
    told.headers.insert(HeaderName::from_static("x-ratelimit-resource"), HeaderValue::from_static("graphql"));
    if let Some(host) = reply.url.host_str() {
        hub.client.door().pace().learn(host, &told);
    }
}

/// Where a connection goes on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

impl PageInfo {
    /// Whether more follow.
    pub(crate) fn goes_on(&self) -> bool {
        self.has_next_page
    }
}

/// Cursors that were asked for: none may come twice (CMP-3).
#[derive(Debug, Default)]
pub(crate) struct Cursors(std::collections::HashSet<String>);

impl Cursors {
    /// A cause with the page that is being asked for.
    pub(crate) fn place(&self, cause: Cause) -> Cause {
        cause.on_page(self.0.len() + 1)
    }

    /// The next cursor, `None` at the end.
    pub(crate) fn next(&mut self, info: &PageInfo, name: &str) -> Result<Option<String>, Cause> {
        if !info.has_next_page {
            return Ok(None);
        }
        let missing = || Cause::Malformed { what: format!("{name}: a next page without a cursor") };
        let cursor = info.end_cursor.clone().ok_or_else(missing)?;
        if !self.0.insert(cursor.clone()) {
            return Err(Cause::Malformed {
                what: format!("{name}: the same cursor again after {} pages", self.0.len()),
            });
        }
        Ok(Some(cursor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_that_comes_again_is_no_progress_and_an_end_needs_none() {
        let mut cursors = Cursors::default();
        let page =
            |next: bool, cursor: Option<&str>| PageInfo { has_next_page: next, end_cursor: cursor.map(String::from) };
        assert_eq!(cursors.next(&page(true, Some("a")), "q"), Ok(Some(String::from("a"))));
        assert_eq!(cursors.next(&page(false, Some("a")), "q"), Ok(None));
        assert!(cursors.next(&page(true, Some("a")), "q").is_err());
        assert!(cursors.next(&page(true, None), "q").is_err());
    }

    #[test]
    fn a_problem_says_which_object_of_a_list_it_concerns() {
        let wire = serde_json::from_str::<WireProblem>(
            r#"{"type":"FORBIDDEN","path":["organization","repositories","nodes",3,"collaborators"],"message":"x"}"#,
        );
        let problem = Problem::of(wire.expect("a problem"));
        assert_eq!(problem.below("nodes"), Some((3, "collaborators")));
        assert_eq!(problem.below("edges"), None);
        assert!(!problem.is_too_much());
    }

    #[test]
    fn a_page_is_halved_down_to_one_object() {
        let mut stride = Stride(5);
        assert!(stride.shrink() && stride.shrink());
        assert_eq!(stride.0, 1);
        assert!(!stride.shrink());
    }
}

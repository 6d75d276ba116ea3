//! What tells one request from another of the same method and path.

use serde::Deserialize;
use url::Url;

use super::Action;
use crate::request::Request;

/// Longest GraphQL document that is parsed, in bytes. Ours are far shorter; the parser is recursive.
const DOCUMENT: usize = 64 * 1024;

/// A body of a GraphQL request. Other keys are refused: a persisted query would hide the document from this check.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    query: String,
    #[serde(default, rename = "variables")]
    _variables: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(default, rename = "operationName")]
    _operation_name: Option<String>,
}

/// How a request stands to an action.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is that action.
    Yes,
    /// It is not; the text says why, without anything from outside.
    No(&'static str),
}

pub(super) fn judge(action: Action, request: &Request) -> Verdict {
    match action {
        Action::Plain => Verdict::Yes,
        Action::Form(name) => judge_form(name, request),
        Action::Target(name) => judge_target(name, request),
        Action::GraphQlQuery => judge_document(request),
        Action::Query(name, value) => judge_query(name, value, &request.url),
    }
}

fn judge_form(name: &str, request: &Request) -> Verdict {
    // An action in the address as well could be the one the service obeys.
    if request.url.query_pairs().any(|(key, _)| key.eq_ignore_ascii_case("action")) {
        return Verdict::No("an action in the address");
    }
    let mut actions = url::form_urlencoded::parse(&request.body).filter(|(key, _)| key.eq_ignore_ascii_case("action"));
    match (actions.next(), actions.next()) {
        (Some((key, value)), None) if key == "Action" && value == name => Verdict::Yes,
        (Some(_), None) => Verdict::No("another action"),
        (None, _) => Verdict::No("no action in the form"),
        (Some(_), Some(_)) => Verdict::No("several actions in the form"),
    }
}

fn judge_target(name: &str, request: &Request) -> Verdict {
    let mut targets = request.headers.get_all("x-amz-target").iter();
    let (Some(target), None) = (targets.next(), targets.next()) else {
        return Verdict::No("not exactly one target header");
    };
    let Ok(target) = target.to_str() else { return Verdict::No("a target header that is not text") };
    let ends = target == name || target.strip_suffix(name).is_some_and(|before| before.ends_with('.'));
    if ends { Verdict::Yes } else { Verdict::No("another target") }
}

fn judge_query(name: &str, value: &str, url: &Url) -> Verdict {
    let mut found = url.query_pairs().filter(|(key, _)| key == name);
    match (found.next(), found.next()) {
        (Some((_, found)), None) if found == value => Verdict::Yes,
        (Some(_), None) => Verdict::No("another value of the query parameter"),
        (None, _) => Verdict::No("the query parameter is missing"),
        (Some(_), Some(_)) => Verdict::No("the query parameter is there twice"),
    }
}

fn judge_document(request: &Request) -> Verdict {
    if request.url.query().is_some() {
        return Verdict::No("a query string beside a GraphQL document");
    }
    if request.body.len() > 8 * DOCUMENT {
        return Verdict::No("a GraphQL request that is too long");
    }
    let Ok(envelope) = serde_json::from_slice::<Envelope>(&request.body) else {
        return Verdict::No("a body that is no GraphQL request");
    };
    judge_text(&envelope.query)
}

fn judge_text(document: &str) -> Verdict {
    use graphql_parser::query::{Definition, OperationDefinition, parse_query};
    if document.len() > DOCUMENT || nesting(document) > 64 {
        return Verdict::No("a GraphQL document that is too long or too deep");
    }
    let Ok(parsed) = parse_query::<&str>(document) else {
        return Verdict::No("a GraphQL document that does not parse");
    };
    let mut operations = 0;
    for definition in &parsed.definitions {
        match definition {
            Definition::Fragment(_) => {}
            Definition::Operation(OperationDefinition::Query(_) | OperationDefinition::SelectionSet(_)) => {
                operations += 1;
            }
            Definition::Operation(OperationDefinition::Mutation(_)) => return Verdict::No("a GraphQL mutation"),
            Definition::Operation(OperationDefinition::Subscription(_)) => {
                return Verdict::No("a GraphQL subscription");
            }
        }
    }
    if operations == 1 { Verdict::Yes } else { Verdict::No("not exactly one GraphQL operation") }
}

/// Most open brackets at once, strings not told apart: more than there are is fine for a limit.
fn nesting(document: &str) -> usize {
    let mut open = 0_usize;
    let mut most = 0;
    for byte in document.bytes() {
        match byte {
            b'{' | b'(' | b'[' => open += 1,
            b'}' | b')' | b']' => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderValue, Method};

    use super::*;

    fn request(url: &str, body: &str) -> Request {
        let mut request = Request::get(Url::parse(url).unwrap());
        request.method = Method::POST;
        request.body = Bytes::copy_from_slice(body.as_bytes());
        request
    }

    fn document(text: &str) -> Request {
        request("https://api.example/graphql", &serde_json::json!({ "query": text }).to_string())
    }

    #[test]
    fn a_form_is_known_by_its_one_action() {
        let says = |url: &str, body: &str| judge(Action::Form("ListUsers"), &request(url, body));
        assert_eq!(says("https://iam.example/", "Action=ListUsers&Version=2010-05-08"), Verdict::Yes);
        for body in [
            "Action=DeleteUser",
            "Action=ListUsers&Action=DeleteUser",
            "action=ListUsers",
            "",
            "Action=ListUsers&ACTION=x",
        ] {
            assert_ne!(says("https://iam.example/", body), Verdict::Yes, "{body}");
        }
        assert_ne!(says("https://iam.example/?Action=DeleteUser", "Action=ListUsers"), Verdict::Yes);
    }

    #[test]
    fn a_target_is_known_by_its_end() {
        let with = |target: &'static str| {
            request("https://sso.example/", "{}")
                .with(http::HeaderName::from_static("x-amz-target"), HeaderValue::from_static(target))
        };
        let says = |name, target| judge(Action::Target(name), &with(target));
        assert_eq!(
            says("AWSOrganizationsV20161128.ListAccounts", "AWSOrganizationsV20161128.ListAccounts"),
            Verdict::Yes
        );
        assert_eq!(says("ListAccounts", "AWSOrganizationsV20161128.ListAccounts"), Verdict::Yes);
        assert_ne!(says("ListAccounts", "X.DeleteListAccounts"), Verdict::Yes);
        assert_ne!(says("ListAccounts", "X.CloseAccount"), Verdict::Yes);
        let mut twice = with("X.ListAccounts");
        twice.headers.append("x-amz-target", HeaderValue::from_static("X.CloseAccount"));
        assert_ne!(judge(Action::Target("ListAccounts"), &twice), Verdict::Yes);
    }

    #[test]
    fn a_query_parameter_must_be_there_once_with_its_value() {
        let says = |url: &str| judge(Action::Query("list", "true"), &Request::get(Url::parse(url).unwrap()));
        assert_eq!(says("https://vault.example/v1/a?list=true"), Verdict::Yes);
        for query in ["", "?list=false", "?list=true&list=false", "?lists=true"] {
            assert_ne!(says(&format!("https://vault.example/v1/a{query}")), Verdict::Yes, "{query}");
        }
    }

    #[test]
    fn graphql_documents_pass_only_when_they_read() {
        let says = |request: &Request| judge(Action::GraphQlQuery, request);
        assert_eq!(
            says(&document("query A($n: Int) { viewer { login } ...F } fragment F on Query { rateLimit { cost } }")),
            Verdict::Yes
        );
        assert_eq!(says(&document("{ viewer { login } }")), Verdict::Yes);
        assert_eq!(
            says(&document("mutation { addStar(input: {}) { clientMutationId } }")),
            Verdict::No("a GraphQL mutation")
        );
        assert_eq!(says(&document("query A { a } mutation B { b }")), Verdict::No("a GraphQL mutation"));
        assert_eq!(says(&document("subscription { a }")), Verdict::No("a GraphQL subscription"));
        for text in ["", "query {", "mutaton { a }", "fragment F on Query { a }", "query A { a } query B { b }"] {
            assert_ne!(says(&document(text)), Verdict::Yes, "{text}");
        }
        let deep = format!("{}a{}", "{a".repeat(5000), "}".repeat(5000));
        assert_ne!(says(&document(&deep)), Verdict::Yes);
    }

    #[test]
    fn what_could_hide_a_document_is_refused() {
        for body in [
            r#"[{"query":"{ a }"}]"#,
            r#"{"query":"mutation { a }","query":"{ a }"}"#,
            r#"{"query":"{ a }","extensions":{"persistedQuery":{"sha256Hash":"00"}}}"#,
            r#"{"id":"1"}"#,
            "{ a }",
        ] {
            assert_ne!(
                judge(Action::GraphQlQuery, &request("https://api.example/graphql", body)),
                Verdict::Yes,
                "{body}"
            );
        }
        let mut beside = document("{ a }");
        beside.url.set_query(Some("query=mutation{a}"));
        assert_ne!(judge(Action::GraphQlQuery, &beside), Verdict::Yes);
    }
}

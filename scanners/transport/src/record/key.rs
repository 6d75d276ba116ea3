//! When two requests are the same: everything that shapes an answer, in one order, and nothing secret.

use data_encoding::HEXLOWER;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::line::Asked;
use crate::allow::Operation;
use crate::origin;
use crate::request::Request;

/// What is written down of a request.
pub(super) fn asked(operation: &Operation, request: &Request, account: Option<&str>) -> Asked {
    let mut query: Vec<(String, String)> = request.url.query_pairs().into_owned().collect();
    // A namespace of Vault is chosen by a header, and shapes the answer as a parameter would.
    if let Some(namespace) = request.headers.get("x-vault-namespace").and_then(|value| value.to_str().ok()) {
        query.push((String::from("x-vault-namespace"), String::from(namespace)));
    }
    query.sort();
    Asked {
        operation: String::from(operation.name),
        account: account.map(String::from),
        method: String::from(request.method.as_str()),
        origin: origin::shown(&request.url),
        path: String::from(request.url.path()),
        query,
        body_sha256: body_digest(request),
    }
}

/// The key of what was asked, for looking it up.
pub(super) fn digest(asked: &Asked) -> Result<[u8; 32], serde_json::Error> {
    // The origin is left out: the same system may be recorded and replayed under two addresses.
    let parts = (&asked.operation, &asked.account, &asked.method, &asked.path, &asked.query, &asked.body_sha256);
    Ok(Sha256::digest(serde_json::to_vec(&parts)?).into())
}

fn body_digest(request: &Request) -> String {
    if request.body.is_empty() {
        return String::new();
    }
    let media = request.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let canonical = if media.starts_with("application/x-www-form-urlencoded") {
        let mut pairs: Vec<(String, String)> = url::form_urlencoded::parse(&request.body).into_owned().collect();
        pairs.sort();
        serde_json::to_vec(&pairs).ok()
    } else {
        serde_json::from_slice::<Value>(&request.body).ok().and_then(|value| serde_json::to_vec(&sorted(value)).ok())
    };
    let canonical = canonical.unwrap_or_else(|| request.body.to_vec());
    HEXLOWER.encode(&Sha256::digest(canonical))
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<(String, Value)> =
                fields.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            fields.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(fields.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        plain => plain,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Method};
    use url::Url;

    use super::*;
    use crate::allow::{Action, Keep, Purpose};

    const OPERATION: Operation = Operation {
        name: "op",
        method: "POST",
        path: "/",
        action: Action::Plain,
        purpose: Purpose::Read,
        rights: &[],
        keep: Keep::Nothing,
    };

    fn key(url: &str, media: &'static str, body: &'static str) -> [u8; 32] {
        let mut request = Request::get(Url::parse(url).unwrap());
        request.method = Method::POST;
        request.body = body.into();
        let request = request.with(http::header::CONTENT_TYPE, HeaderValue::from_static(media));
        digest(&asked(&OPERATION, &request, None)).unwrap()
    }

    #[test]
    fn the_same_question_in_another_namespace_is_another_question() {
        let ask = |namespace: &'static str| {
            let request = Request::get(Url::parse("https://a.example/v1/sys/mounts").unwrap())
                .with(http::HeaderName::from_static("x-vault-namespace"), HeaderValue::from_static(namespace));
            digest(&asked(&OPERATION, &request, None)).unwrap()
        };
        assert_eq!(ask("team-a"), ask("team-a"));
        assert_ne!(ask("team-a"), ask("team-b"));
    }

    #[test]
    fn order_does_not_matter_and_values_do() {
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        assert_eq!(
            key("https://a.example/x?b=2&a=1", form, "A=1&B=2"),
            key("https://a.example/x?a=1&b=2", form, "B=2&A=1")
        );
        assert_ne!(key("https://a.example/x?a=1", form, "A=1"), key("https://a.example/x?a=2", form, "A=1"));
        assert_ne!(key("https://a.example/x", form, "A=1"), key("https://a.example/x", form, "A=2"));
        assert_ne!(key("https://a.example/x", form, "A=1"), key("https://a.example/y", form, "A=1"));
        let json = "application/json";
        assert_eq!(
            key("https://a.example/", json, r#"{"a":{"c":1,"b":2}}"#),
            key("https://a.example/", json, r#"{ "a": {"b":2,"c":1}}"#)
        );
        assert_ne!(
            key("https://a.example/", json, r#"{"a":[1,2]}"#),
            key("https://a.example/", json, r#"{"a":[2,1]}"#)
        );
    }
}

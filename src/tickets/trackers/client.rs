//! What every tracker does alike: addresses, asking, telling, and what a refusal means.

use http::{Method, StatusCode};
use scan_contract::{Cause, Instant};
use scan_transport::encode;
use scan_transport::{Door, Reply, Request, WriteFailed};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::super::tracker::TrackerError;
use crate::hostile;

/// A door to one tracker and the address below which its interface answers.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) door: Door,
    /// Address below which everything is asked, without a slash at the end.
    pub(super) base: Url,
}

impl Client {
    /// The address of these segments below the base. Ids from outside are encoded for their place.
    pub(super) fn url(&self, segments: &[&str], pairs: &[(&str, &str)]) -> Result<Url, TrackerError> {
        encode::join(&self.base, segments, pairs).map_err(TrackerError::NotDone)
    }

    /// An address for people on the tracker's own origin: nothing that a tracker answers decides where a link leads.
    pub(super) fn page(&self, path: &str, segments: &[&str]) -> Option<String> {
        let mut base = self.base.clone();
        base.set_path(path);
        encode::join(&base, segments, &[]).map(|url| url.to_string()).ok()
    }

    /// Now.
    pub(super) fn now(&self) -> Instant {
        self.door.now()
    }

    /// Reads. Any status comes back.
    pub(super) async fn ask(&self, url: Url) -> Result<Reply, TrackerError> {
        self.send(Request::get(url)).await
    }

    /// Sends what reads. Any status comes back.
    pub(super) async fn send(&self, request: Request) -> Result<Reply, TrackerError> {
        self.door.send(request).await.map_err(TrackerError::NotDone)
    }

    /// Reads, and takes nothing but 200 for an answer.
    pub(super) async fn ask_well(&self, url: Url) -> Result<Reply, TrackerError> {
        let reply = self.ask(url).await?;
        if reply.status == StatusCode::OK { Ok(reply) } else { Err(self.refused(&reply)) }
    }

    /// Changes something, once. The answer is one of success: everything else has become an error.
    pub(super) async fn tell(&self, method: Method, url: Url, body: &Value) -> Result<Reply, TrackerError> {
        let request = json(method, url, body)?;
        self.tell_request(request).await
    }

    /// As [`Client::tell`], with a request that is made already.
    pub(super) async fn tell_request(&self, request: Request) -> Result<Reply, TrackerError> {
        let reply = self.tell_any(request).await?;
        if reply.status.is_success() { Ok(reply) } else { Err(self.not_taken(&reply)) }
    }

    /// As [`Client::tell_request`]; any status comes back.
    pub(super) async fn tell_any(&self, request: Request) -> Result<Reply, TrackerError> {
        self.door.write(request).await.map_err(|failed| match failed {
            WriteFailed::NotSent(cause) => TrackerError::NotDone(cause),
            WriteFailed::MayHaveHappened(cause) => TrackerError::MayHaveHappened(cause),
        })
    }

    /// What a refused reading means.
    pub(super) fn refused(&self, reply: &Reply) -> TrackerError {
        TrackerError::NotDone(self.cause_of(reply))
    }

    /// What a refused writing means: 400, 409, 413 and 422 were understood and are not repeated unchanged (TKT-8); a 5xx may
    /// have happened; the rest was not done. A change of what is there already may meet somebody else's at the same time:
    /// its 409 passes.
    pub(super) fn not_taken(&self, reply: &Reply) -> TrackerError {
        let changes = !reply.operation.starts_with("POST ") || reply.operation.ends_with("/transitions");
        match reply.status.as_u16() {
            409 if changes => TrackerError::NotDone(self.cause_of(reply)),
            400 | 409 | 413 | 422 => rejected(reply),
            500..=599 => TrackerError::MayHaveHappened(reply.unexpected()),
            _ => TrackerError::NotDone(self.cause_of(reply)),
        }
    }

    fn cause_of(&self, reply: &Reply) -> Cause {
        match reply.status.as_u16() {
            // A place that may not be seen answers like one that is not there.
            404 => {
                Cause::Denied { permission: format!("to see what is asked for, if it exists ({})", reply.describe()) }
            }
            301 | 302 | 303 | 307 | 308 => Cause::Malformed {
                what: format!("{}: it leads elsewhere; configure the new address", reply.describe()),
            },
            _ => reply.unexpected_on(self.door.list()),
        }
    }
}

/// A request with a JSON body.
pub(super) fn json(method: Method, url: Url, body: &Value) -> Result<Request, TrackerError> {
    Request::json(method, url, body)
        .map_err(|_| TrackerError::NotDone(Cause::Bug { what: String::from("a body that is no JSON") }))
}

/// What a successful answer says. It was done, whatever it says; if it cannot be read, nobody knows what was done.
pub(super) fn answer<T: for<'de> Deserialize<'de>>(reply: &Reply) -> Result<T, TrackerError> {
    reply.json().map_err(TrackerError::MayHaveHappened)
}

/// What a comment beside a change of state means for the caller, once the state was changed. A comment that is lost is left
/// out: asking for both again would say it twice, and the proof stands in the text of the ticket.
pub(super) fn beside(comment: Result<(), TrackerError>) -> Result<(), TrackerError> {
    match comment {
        Err(TrackerError::NotDone(cause) | TrackerError::MayHaveHappened(cause)) => {
            tracing::warn!(%cause, "the state of a ticket was changed; the comment beside it may be missing");
            Ok(())
        }
        other => other,
    }
}

/// A damaged answer to a question.
pub(super) fn malformed(operation: &str, what: &str) -> TrackerError {
    TrackerError::NotDone(Cause::Malformed { what: format!("{operation}: {what}") })
}

/// An answer that may hide tickets is no answer (TKT-2).
pub(super) fn hidden(what: impl Into<String>) -> TrackerError {
    TrackerError::NotDone(Cause::NotProven { what: what.into() })
}

/// A refusal that was understood: status and names of fields, never a body.
pub(super) fn rejected(reply: &Reply) -> TrackerError {
    let names = field_names(reply);
    let fields = if names.is_empty() { String::new() } else { format!(", fields: {}", names.join(", ")) };
    TrackerError::Rejected { reason: format!("{}{fields}", reply.describe()) }
}

/// Names of fields that a refusal complains of: the keys of `errors` (Jira, Redmine 6), `message` (GitLab), or the `field` of
/// each entry (GitHub). They come from outside: few, short and inert.
fn field_names(reply: &Reply) -> Vec<String> {
    let Ok(value) = reply.json::<Value>() else { return Vec::new() };
    let mut names: Vec<String> = Vec::new();
    for key in ["errors", "message"] {
        match value.get(key) {
            Some(Value::Object(fields)) => names.extend(fields.keys().cloned()),
            Some(Value::Array(entries)) => {
                let field = |entry: &Value| entry.get("field").and_then(Value::as_str).map(String::from);
                names.extend(entries.iter().filter_map(field));
            }
            _ => {}
        }
    }
    // A field is called by a short word; anything else could be a value.
    let tame = |name: &String| {
        name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte))
    };
    names.into_iter().filter(tame).take(8).map(|name| hostile::line(&name)).collect()
}

/// A list of what was read, where each item has to be readable: one that is not could be the one that was looked for.
pub(super) fn all<T: for<'de> Deserialize<'de>>(reply: &Reply, path: &[&str]) -> Result<Vec<T>, TrackerError> {
    let items = reply.items::<T>(path).map_err(TrackerError::NotDone)?;
    let damaged = |damage: scan_transport::Damaged| {
        malformed(reply.operation, &format!("entry {}: {}", damage.position, damage.why))
    };
    items.into_iter().map(|item| item.map_err(damaged)).collect()
}

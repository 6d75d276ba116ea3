//! Runs as JSON: asking for one, and how far it is. No person stands in any of it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use scan_contract::{Instant, SystemId};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::answer::{App, made, text};
use crate::report::ExitCode;
use crate::serve::page_port::Audience;
use crate::serve::runner::{Asked, Taken};
use crate::serve::state::{Phase, RunRecord};

/// Where runs are.
pub(super) const RUNS: &str = "/api/v1/runs";

/// Largest body, and the time for it.
const LARGEST_BODY: usize = 16 * 1024;
const BODY_TIME: Duration = Duration::from_secs(10);

/// What a request for a run may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    systems: Vec<String>,
}

/// Starts a run.
pub(super) async fn start(app: &Arc<App>, audience: Audience, request: Request) -> Response<Body> {
    let work = app.state().work();
    if audience != Audience::SignedIn {
        let says = "runs are started by whoever is signed in: set serve.bearer or serve.tls.client_ca";
        return failed(StatusCode::FORBIDDEN, says);
    }
    if !work.settings().run_on_request {
        return failed(StatusCode::FORBIDDEN, "serve.run_on_request is false");
    }
    let headers = request.headers();
    let is_form = says(headers, header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let from_page = is_form && says(headers, header::ACCEPT, "text/html");
    let body = tokio::time::timeout(BODY_TIME, axum::body::to_bytes(request.into_body(), LARGEST_BODY)).await;
    let Ok(Ok(body)) = body else {
        return failed(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large, or did not come in time");
    };
    let wanted = match wanted(&body, is_form) {
        Ok(wanted) => wanted,
        Err(says) => return failed(StatusCode::BAD_REQUEST, &says),
    };
    let known = work.systems();
    let mut systems: Vec<SystemId> = Vec::new();
    for id in wanted.systems {
        match known.iter().find(|system| system.as_str() == id) {
            Some(system) if !systems.contains(system) => systems.push(system.clone()),
            Some(_) => {}
            None => {
                let says = format!("no system is called {}", crate::hostile::short(&id, 64));
                return failed(StatusCode::BAD_REQUEST, &says);
            }
        }
    }
    let (reply, taken) = oneshot::channel();
    if app.asks().send(Asked { systems, reply }).await.is_err() {
        return failed(StatusCode::SERVICE_UNAVAILABLE, "the service is stopping");
    }
    match taken.await {
        Ok(Taken::Queued(id)) => accepted(id, from_page),
        Ok(Taken::AlreadyQueued(id)) => {
            let says = format!("run {id} waits already; ask again when it has begun");
            failed(StatusCode::CONFLICT, &says)
        }
        Err(_) => failed(StatusCode::SERVICE_UNAVAILABLE, "the service is stopping"),
    }
}

/// Whether a header begins with these words.
fn says(headers: &HeaderMap, name: HeaderName, words: &str) -> bool {
    headers.get(name).is_some_and(|value| value.as_bytes().starts_with(words.as_bytes()))
}

fn wanted(body: &[u8], is_form: bool) -> Result<Wanted, String> {
    if body.trim_ascii().is_empty() {
        return Ok(Wanted::default());
    }
    if is_form && !body.trim_ascii_start().starts_with(b"{") {
        let mut wanted = Wanted::default();
        for (key, value) in url::form_urlencoded::parse(body) {
            match &*key {
                "system" if !value.is_empty() => wanted.systems.push(value.into_owned()),
                "system" => {}
                other => return Err(format!("no field is called {}", crate::hostile::short(other, 40))),
            }
        }
        return Ok(wanted);
    }
    // What the parser says can quote the body; its place is enough.
    serde_json::from_slice(body)
        .map_err(|error| format!("expected {{\"systems\": [\"id\"]}}: line {} column {}", error.line(), error.column()))
}

fn accepted(id: u64, from_page: bool) -> Response<Body> {
    // A browser that sent a form goes back to the page.
    let (status, place) = if from_page {
        (StatusCode::SEE_OTHER, String::from("/"))
    } else {
        (StatusCode::ACCEPTED, format!("{RUNS}/{id}"))
    };
    let mut response = json_of(status, &json!({ "id": id, "state": "queued" }));
    if let Ok(place) = HeaderValue::from_str(&place) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}

/// Shows runs.
pub(super) fn show(app: &App, path: &str) -> Response<Body> {
    if path == RUNS {
        let runs: Vec<Value> = app.state().runs().iter().map(run_json).collect();
        let facts = app.state().facts();
        let next: Vec<Value> = facts
            .next_runs
            .iter()
            .map(|next| json!({ "schedule": next.schedule, "at": next.at.map(shown), "systems": ids(&next.systems) }))
            .collect();
        return json_of(StatusCode::OK, &json!({ "runs": runs, "next": next }));
    }
    let id = path.strip_prefix(RUNS).and_then(|rest| rest.strip_prefix('/'));
    match id.map(str::parse::<u64>) {
        Some(Ok(id)) => match app.state().run(id) {
            Some(run) => json_of(StatusCode::OK, &run_json(&run)),
            None => failed(StatusCode::NOT_FOUND, "no such run in this process; `holdover report` shows the last one"),
        },
        Some(Err(_)) | None => failed(StatusCode::NOT_FOUND, "there is nothing here"),
    }
}

fn run_json(run: &RunRecord) -> Value {
    let mut value = json!({
        "id": run.id,
        "reason": run.reason.as_str(),
        "schedule": run.reason.schedule(),
        "systems": ids(&run.systems),
        "queued_at": shown(run.queued_at),
        "started_at": run.started_at.map(shown),
    });
    match &run.phase {
        Phase::Queued => value["state"] = json!("queued"),
        Phase::Running { stage } => {
            value["state"] = json!("running");
            value["stage"] = json!(crate::hostile::line(stage));
        }
        Phase::Ended(ended) => {
            value["state"] = json!("ended");
            value["ended_at"] = json!(shown(ended.at));
            value["exit_code"] = json!(ended.exit_code);
            value["meaning"] = json!(ExitCode::meaning_of(ended.exit_code));
            value["run_id"] = json!(ended.run_id);
            value["failure"] = json!(ended.failure.as_deref().map(crate::hostile::line));
        }
    }
    value
}

fn ids(systems: &[SystemId]) -> Vec<&str> {
    systems.iter().map(SystemId::as_str).collect()
}

fn shown(at: Instant) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn json_of(status: StatusCode, value: &Value) -> Response<Body> {
    made(status, "application/json", format!("{value}\n").into_bytes())
}

fn failed(status: StatusCode, says: &str) -> Response<Body> {
    if status == StatusCode::NOT_FOUND {
        return text(status, says);
    }
    json_of(status, &json!({ "error": says }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_json_and_a_form_say_what_is_wanted_and_anything_else_is_refused() {
        assert!(wanted(b" \n", false).unwrap().systems.is_empty());
        assert_eq!(wanted(br#"{"systems":["crm","hr"]}"#, false).unwrap().systems, ["crm", "hr"]);
        assert_eq!(wanted(b"system=crm&system=", true).unwrap().systems, ["crm"]);
        for bad in [&br#"{"system":"crm"}"#[..], b"[]x", b"{\"systems\":[1]}", b"\xff"] {
            let says = wanted(bad, false).unwrap_err();
            assert!(says.starts_with("expected"), "{says}");
        }
        assert!(wanted(b"person=p-1", true).is_err());
    }
}

//! Those that are told and keep nothing that could be read back: PagerDuty, Slack, a webhook.

use serde_json::json;

use super::{Desk, Message};
use crate::fault::{Answer, Asked};

fn message(asked: &Asked) -> Message {
    let headers = asked
        .headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("holdover-"))
        .map(|(name, value)| (String::from(name.as_str()), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    Message { body: asked.json(), headers, text: asked.text() }
}

pub(super) fn pagerduty(desk: &Desk, asked: &Asked) -> Answer {
    if asked.route().as_slice() != ["POST", "v2", "enqueue"] {
        return Answer::status(404);
    }
    let event = asked.json();
    let action = event["event_action"].as_str().unwrap_or_default();
    let whole = match action {
        "trigger" => event["payload"]["summary"].is_string() && event["payload"]["source"].is_string(),
        "resolve" | "acknowledge" => event["dedup_key"].is_string(),
        _ => false,
    };
    let known = event["routing_key"] == desk.secret();
    if !known || !whole || desk.rejects() {
        let error = if known { "'payload.summary' is missing or blank" } else { "Invalid routing key" };
        let says = json!({"status": "invalid event", "message": "Event object is invalid", "errors": [error]});
        return Answer::json(&says).of(400);
    }
    desk.take(message(asked));
    let key = event["dedup_key"].clone();
    Answer::json(&json!({"status": "success", "message": "Event processed", "dedup_key": key})).of(202)
}

pub(super) fn slack(desk: &Desk, asked: &Asked) -> Answer {
    let text = |status: u16, says: &str| Answer::bytes("text/html", String::from(says)).of(status);
    if asked.path != format!("/services/T0/B0/{}", desk.secret()) {
        return text(404, "no_service");
    }
    if desk.is_denied() {
        return text(403, "action_prohibited");
    }
    let body = asked.json();
    if desk.rejects() || !body["text"].is_string() {
        return text(400, "invalid_payload");
    }
    desk.take(message(asked));
    text(200, "ok")
}

pub(super) fn webhook(desk: &Desk, asked: &Asked) -> Answer {
    if desk.rejects() {
        return Answer::status(422);
    }
    desk.take(message(asked));
    Answer::status(204)
}

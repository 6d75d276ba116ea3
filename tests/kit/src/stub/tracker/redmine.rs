//! Redmine's project `offboarding` (id 3), custom field 7. Somebody with a wrong key is nobody, and reads what is public.

use serde_json::{Value, json};

use super::{Desk, Ticket};
use crate::fault::{Answer, Asked};

pub(super) fn answer(desk: &Desk, asked: &Asked) -> Answer {
    let known = asked.header("x-redmine-api-key") == Some(desk.secret());
    let route = asked.route();
    let refused = || Answer::status(if known { 403 } else { 401 });
    match route.as_slice() {
        ["GET", "users", "current.json"] if known => Answer::json(&json!({"user": {"id": 5, "login": "holdover"}})),
        ["GET", "users", "current.json"] => Answer::status(401),
        ["GET", "projects", "offboarding.json"] if desk.is_denied() => Answer::status(403),
        ["GET", "projects", "offboarding.json"] => {
            Answer::json(&json!({"project": {"id": 3, "identifier": "offboarding"}}))
        }
        ["GET", "issue_statuses.json"] => Answer::json(&json!({"issue_statuses": [
            {"id": 1, "name": "New", "is_closed": false}, {"id": 5, "name": "Closed", "is_closed": true},
            {"id": 6, "name": "Rejected", "is_closed": true},
        ]})),
        ["GET", "issues.json"] => list(desk, asked, known),
        ["POST", "issues.json"] if known => create(desk, &asked.json()["issue"]),
        ["GET", "issues", file] => {
            one(desk, file).map_or_else(|| Answer::status(404), |t| Answer::json(&json!({"issue": issue(&t)})))
        }
        ["PUT", "issues", file] if known => update(desk, file, &asked.json()["issue"]),
        ["POST" | "PUT", ..] => refused(),
        _ => Answer::status(404),
    }
}

fn one(desk: &Desk, file: &str) -> Option<Ticket> {
    desk.get(file.strip_suffix(".json")?)
}

fn status(ticket: &Ticket) -> u64 {
    if ticket.closed { ticket.reason.parse().unwrap_or(5) } else { 1 }
}

fn issue(ticket: &Ticket) -> Value {
    let id = status(ticket);
    json!({
        "id": ticket.number, "subject": ticket.title, "description": ticket.body,
        "status": {"id": id, "name": match id { 1 => "New", 5 => "Closed", _ => "Rejected" }},
        "closed_on": ticket.closed.then_some("2026-08-02T10:00:00Z"),
        "custom_fields": [{"id": 7, "name": "Finding Key", "value": ticket.labels.first()}],
    })
}

fn list(desk: &Desk, asked: &Asked, known: bool) -> Answer {
    let wanted = asked.query("cf_7").map(String::from);
    let all = asked.query("status_id") == Some("*");
    // Private issues are not for nobody.
    let fits = |ticket: &Ticket| {
        known && wanted.as_ref().is_none_or(|key| ticket.labels.contains(key)) && (all || !ticket.closed)
    };
    let (found, _) = desk.search(fits, &[]);
    let limit = asked.number_of("limit", 25).min(desk.page_size());
    let offset = asked.number_of("offset", 0);
    let rows: Vec<Value> = found.iter().skip(offset).take(limit).map(issue).collect();
    Answer::json(&json!({"issues": rows, "total_count": found.len(), "offset": offset, "limit": limit}))
}

fn create(desk: &Desk, asked: &Value) -> Answer {
    let title = asked["subject"].as_str().unwrap_or_default();
    if desk.rejects() || title.is_empty() || title.chars().count() > 255 || asked["project_id"] != 3 {
        return Answer::json(&json!({"errors": ["Subject cannot be blank"]})).of(422);
    }
    let number = desk.add(Ticket {
        title: String::from(title),
        body: asked["description"].clone(),
        labels: asked["custom_fields"][0]["value"].as_str().into_iter().map(String::from).collect(),
        fields: asked.as_object().cloned().unwrap_or_default(),
        ..Ticket::default()
    });
    desk.get(&number.to_string())
        .map_or_else(|| Answer::status(404), |ticket| Answer::json(&json!({"issue": issue(&ticket)})).of(201))
}

fn update(desk: &Desk, file: &str, asked: &Value) -> Answer {
    let Some(ticket) = one(desk, file) else { return Answer::status(404) };
    let powerless = desk.ignores_changes();
    desk.edit(ticket.number, |ticket| {
        if let Some(title) = asked["subject"].as_str() {
            ticket.title = String::from(title);
        }
        if !asked["description"].is_null() {
            ticket.body = asked["description"].clone();
        }
        if !asked["notes"].is_null() {
            ticket.notes.push(asked["notes"].clone());
        }
        if let Some(status) = asked["status_id"].as_u64().filter(|_| !powerless) {
            ticket.closed = status >= 5;
            ticket.reason = status.to_string();
        }
    });
    Answer::status(204)
}

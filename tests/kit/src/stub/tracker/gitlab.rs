//! GitLab issues of the project `security/offboarding`. Without `scope=all` it lists what we made ourselves, which here is
//! nothing.

use serde_json::{Value, json};

use super::{Desk, Ticket};
use crate::fault::{Answer, Asked};

pub(super) fn answer(desk: &Desk, asked: &Asked) -> Answer {
    if asked.header("private-token") != Some(desk.secret()) {
        return Answer::json(&json!({"message": "401 Unauthorized"})).of(401);
    }
    let route = asked.route();
    if route.as_slice() == ["GET", "api", "v4", "user"] {
        return Answer::json(&json!({"username": "holdover"}));
    }
    let [method, "api", "v4", "projects", "security/offboarding", rest @ ..] = route.as_slice() else {
        return not_found();
    };
    match (*method, rest) {
        ("GET", []) => {
            // Somebody without a role in a public project sees it, and none of its confidential issues.
            let access = if desk.is_denied() { Value::Null } else { json!({"access_level": 20}) };
            Answer::json(&json!({
                "path_with_namespace": "security/offboarding", "issues_enabled": true,
                "permissions": {"project_access": access, "group_access": null},
            }))
        }
        ("GET", ["issues"]) => list(desk, asked),
        ("POST", ["issues"]) => create(desk, &asked.json()),
        ("GET", ["issues", number]) => desk.get(number).map_or_else(not_found, |ticket| Answer::json(&issue(&ticket))),
        ("PUT", ["issues", number]) => update(desk, number, &asked.json()),
        ("POST", ["issues", number, "notes"]) => note(desk, number, &asked.json()),
        _ => not_found(),
    }
}

fn not_found() -> Answer {
    Answer::json(&json!({"message": "404 Not Found"})).of(404)
}

fn issue(ticket: &Ticket) -> Value {
    json!({
        "id": 1_000 + ticket.number, "iid": ticket.number, "title": ticket.title, "description": ticket.body,
        "labels": ticket.labels, "state": if ticket.closed { "closed" } else { "opened" },
        "closed_at": ticket.closed.then_some("2026-08-02T10:00:00.000Z"), "moved_to_id": null,
    })
}

fn list(desk: &Desk, asked: &Asked) -> Answer {
    let wanted: Vec<String> = asked
        .query("labels")
        .unwrap_or_default()
        .split(',')
        .filter(|label| !label.is_empty())
        .map(String::from)
        .collect();
    let (all, mine) = (asked.query("state") == Some("all"), asked.query("scope") != Some("all"));
    let fits =
        |ticket: &Ticket| !mine && wanted.iter().all(|label| ticket.labels.contains(label)) && (all || !ticket.closed);
    let (found, _) = desk.search(fits, &[]);
    let size = asked.number_of("per_page", 20).min(desk.page_size());
    let page = asked.number_of("page", 1);
    let rows: Vec<Value> = found.iter().skip((page - 1) * size).take(size).map(issue).collect();
    let answer = Answer::json(&json!(rows));
    if page * size >= found.len() {
        return answer;
    }
    let rest: Vec<&str> = asked.raw_query.split('&').filter(|pair| !pair.starts_with("page=")).collect();
    let next = format!("<{}{}?{}&page={}>; rel=\"next\"", asked.origin, asked.path, rest.join("&"), page + 1);
    answer.with("link", &next)
}

fn labels(text: &Value) -> Vec<String> {
    text.as_str().unwrap_or_default().split(',').filter(|label| !label.is_empty()).map(String::from).collect()
}

fn create(desk: &Desk, asked: &Value) -> Answer {
    let title = asked["title"].as_str().unwrap_or_default();
    if desk.rejects() || title.is_empty() || title.chars().count() > 255 {
        return Answer::json(&json!({"message": {"title": ["is too long (maximum is 255 characters)"]}})).of(400);
    }
    let number = desk.add(Ticket {
        title: String::from(title),
        body: asked["description"].clone(),
        labels: labels(&asked["labels"]),
        fields: asked.as_object().cloned().unwrap_or_default(),
        ..Ticket::default()
    });
    desk.get(&number.to_string()).map_or_else(not_found, |ticket| Answer::json(&issue(&ticket)).of(201))
}

fn update(desk: &Desk, number: &str, asked: &Value) -> Answer {
    let Some(ticket) = desk.get(number) else { return not_found() };
    let powerless = desk.ignores_changes();
    desk.edit(ticket.number, |ticket| {
        if let Some(title) = asked["title"].as_str() {
            ticket.title = String::from(title);
        }
        if !asked["description"].is_null() {
            ticket.body = asked["description"].clone();
        }
        for label in labels(&asked["add_labels"]) {
            if !ticket.labels.contains(&label) {
                ticket.labels.push(label);
            }
        }
        if let Some(event) = asked["state_event"].as_str().filter(|_| !powerless) {
            ticket.closed = event == "close";
        }
    });
    desk.get(number).map_or_else(not_found, |ticket| Answer::json(&issue(&ticket)))
}

fn note(desk: &Desk, number: &str, asked: &Value) -> Answer {
    let Some(ticket) = desk.get(number) else { return not_found() };
    desk.edit(ticket.number, |ticket| ticket.notes.push(asked["body"].clone()));
    Answer::json(&json!({"id": 1})).of(201)
}

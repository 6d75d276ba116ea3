//! GitHub Issues of the repository `acme/offboarding`.

use serde_json::{Value, json};

use super::{Desk, Ticket, signed};
use crate::fault::{Answer, Asked};

pub(super) fn answer(desk: &Desk, asked: &Asked) -> Answer {
    if let Some(answer) = sign_in(desk, asked) {
        return answer;
    }
    if !signed(desk, asked) {
        return Answer::json(&json!({"message": "Bad credentials"})).of(401);
    }
    let route = asked.route();
    // GitHub Enterprise Server answers below a path.
    let [method, "api", "v3", "repos", "acme", "offboarding", rest @ ..] = route.as_slice() else {
        return not_found();
    };
    if desk.is_denied() {
        return not_found();
    }
    match (*method, rest) {
        ("GET", []) => Answer::json(&json!({
            "full_name": "acme/offboarding", "private": true, "has_issues": true, "archived": false,
            "permissions": {"push": false, "triage": true, "pull": true},
        })),
        ("GET", ["issues"]) => list(desk, asked),
        ("POST", ["issues"]) => create(desk, &asked.json()),
        ("GET", ["issues", number]) => desk.get(number).map_or_else(not_found, |ticket| Answer::json(&issue(&ticket))),
        ("PATCH", ["issues", number]) => update(desk, number, &asked.json()),
        ("POST", ["issues", number, "labels"]) => label(desk, number, &asked.json()),
        ("POST", ["issues", number, "comments"]) => comment(desk, number, &asked.json()),
        _ => not_found(),
    }
}

/// An App with signed claims finds its installation and gets a token, which here is the secret of the desk.
fn sign_in(desk: &Desk, asked: &Asked) -> Option<Answer> {
    let claims = asked.token().is_some_and(|token| token.split('.').count() == 3);
    match asked.route().as_slice() {
        ["GET", "api", "v3", "repos", "acme", "offboarding", "installation"] if claims => {
            Some(Answer::json(&json!({"id": 9})))
        }
        ["POST", "api", "v3", "app", "installations", "9", "access_tokens"] if claims => {
            let asked = asked.json();
            let whole = asked["repositories"] == json!(["offboarding"])
                && asked["permissions"] == json!({"issues": "write", "metadata": "read"});
            if !whole {
                return Some(Answer::json(&json!({"message": "more than was needed"})).of(422));
            }
            Some(Answer::json(&json!({"token": desk.secret(), "expires_at": in_an_hour()})).of(201))
        }
        _ => None,
    }
}

#[expect(clippy::disallowed_methods, reason = "a stub beside real sockets has the real time")]
fn in_an_hour() -> String {
    (chrono::Utc::now() + chrono::TimeDelta::hours(1)).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn not_found() -> Answer {
    Answer::json(&json!({"message": "Not Found"})).of(404)
}

fn issue(ticket: &Ticket) -> Value {
    let labels: Vec<Value> = ticket.labels.iter().map(|name| json!({"name": name})).collect();
    let mut value = json!({
        "number": ticket.number, "title": ticket.title, "body": ticket.body, "labels": labels,
        "state": if ticket.closed { "closed" } else { "open" },
        "state_reason": if ticket.reason.is_empty() { Value::Null } else { json!(ticket.reason) },
        "closed_at": ticket.closed.then_some("2026-08-02T10:00:00Z"),
    });
    if ticket.pull_request {
        value["pull_request"] = json!({"url": "https://elsewhere.example/"});
    }
    value
}

fn list(desk: &Desk, asked: &Asked) -> Answer {
    let wanted: Vec<String> = asked
        .query("labels")
        .unwrap_or_default()
        .split(',')
        .filter(|label| !label.is_empty())
        .map(String::from)
        .collect();
    let all = asked.query("state") == Some("all");
    let fits = |ticket: &Ticket| wanted.iter().all(|label| ticket.labels.contains(label)) && (all || !ticket.closed);
    let (found, _) = desk.search(fits, &[]);
    let size = asked.number_of("per_page", 30).min(desk.page_size());
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

fn create(desk: &Desk, asked: &Value) -> Answer {
    let title = asked["title"].as_str().unwrap_or_default();
    if desk.rejects() || title.is_empty() || title.chars().count() > 256 {
        let errors = json!([{"resource": "Issue", "field": "title", "code": "custom"}]);
        return Answer::json(&json!({"message": "Validation Failed", "errors": errors})).of(422);
    }
    let labels = asked["labels"].as_array().into_iter().flatten().filter_map(Value::as_str).map(String::from).collect();
    let number =
        desk.add(Ticket { title: String::from(title), body: asked["body"].clone(), labels, ..Ticket::default() });
    desk.get(&number.to_string()).map_or_else(not_found, |ticket| Answer::json(&issue(&ticket)).of(201))
}

fn update(desk: &Desk, number: &str, asked: &Value) -> Answer {
    let Some(ticket) = desk.get(number) else { return not_found() };
    let powerless = desk.ignores_changes();
    desk.edit(ticket.number, |ticket| {
        if let Some(title) = asked["title"].as_str() {
            ticket.title = String::from(title);
        }
        if !asked["body"].is_null() {
            ticket.body = asked["body"].clone();
        }
        if let Some(state) = asked["state"].as_str().filter(|_| !powerless) {
            ticket.closed = state == "closed";
            asked["state_reason"].as_str().unwrap_or_default().clone_into(&mut ticket.reason);
        }
    });
    desk.get(number).map_or_else(not_found, |ticket| Answer::json(&issue(&ticket)))
}

fn label(desk: &Desk, number: &str, asked: &Value) -> Answer {
    let Some(ticket) = desk.get(number) else { return not_found() };
    desk.edit(ticket.number, |ticket| {
        for label in asked["labels"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !ticket.labels.iter().any(|known| known == label) {
                ticket.labels.push(String::from(label));
            }
        }
    });
    Answer::json(&json!([]))
}

fn comment(desk: &Desk, number: &str, asked: &Value) -> Answer {
    let Some(ticket) = desk.get(number) else { return not_found() };
    desk.edit(ticket.number, |ticket| ticket.notes.push(asked["body"].clone()));
    Answer::json(&json!({"id": 1})).of(201)
}

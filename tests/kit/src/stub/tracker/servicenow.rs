//! ServiceNow's Table API, with its traps: terms that are not understood are dropped, the count knows nothing of the access
//! rules of rows, and a field that may not be written stays as it was.

use serde_json::{Value, json};

use super::{Desk, Ticket, signed};
use crate::fault::{Answer, Asked};

pub(super) fn answer(desk: &Desk, asked: &Asked) -> Answer {
    if !signed(desk, asked) {
        return refused("User Not Authenticated", 401);
    }
    if desk.is_denied() {
        return refused("Insufficient rights to query records", 403);
    }
    match asked.route().as_slice() {
        ["GET", "api", "now", "table", "incident"] => list(desk, asked),
        ["POST", "api", "now", "table", "incident"] => create(desk, &asked.json()),
        ["GET", "api", "now", "table", "incident", id] => one(desk, id),
        ["PATCH", "api", "now", "table", "incident", id] => patch(desk, id, &asked.json()),
        _ => refused("Invalid table", 400),
    }
}

fn refused(says: &str, status: u16) -> Answer {
    Answer::json(&json!({"error": {"message": says, "detail": null}, "status": "failure"})).of(status)
}

fn id(number: u64) -> String {
    format!("{number:032x}")
}

fn find(desk: &Desk, sys_id: &str) -> Option<Ticket> {
    desk.get(&u64::from_str_radix(sys_id, 16).ok()?.to_string())
}

fn row(ticket: &Ticket) -> Value {
    let state = match ticket.reason.as_str() {
        "" if ticket.closed => "6",
        "" => "1",
        state => state,
    };
    json!({
        "sys_id": id(ticket.number),
        "number": format!("INC{:07}", ticket.number),
        "state": state,
        "correlation_id": ticket.labels.first(),
        "resolved_at": if ticket.closed { "2026-08-02 10:00:00" } else { "" },
        "closed_at": "",
    })
}

fn list(desk: &Desk, asked: &Asked) -> Answer {
    let query = asked.query("sysparm_query").unwrap_or_default().to_owned();
    let keys: Option<Vec<String>> = query
        .split('^')
        .find_map(|term| term.strip_prefix("correlation_idIN"))
        .map(|list| list.split(',').map(String::from).collect());
    let fits = |ticket: &Ticket| match &keys {
        Some(keys) => ticket.labels.iter().any(|label| keys.contains(label)),
        None => !query.contains("correlation_idISNOTEMPTY") || !ticket.labels.is_empty(),
    };
    let (found, all) = desk.search(fits, &[]);
    let limit = asked.number_of("sysparm_limit", 10_000).min(desk.page_size().max(100));
    let offset = asked.number_of("sysparm_offset", 0);
    let rows: Vec<Value> = found.iter().skip(offset).take(limit).map(row).collect();
    Answer::json(&json!({"result": rows})).with("x-total-count", &all.to_string())
}

fn one(desk: &Desk, sys_id: &str) -> Answer {
    match find(desk, sys_id) {
        Some(ticket) => Answer::json(&json!({"result": row(&ticket)})),
        None => refused("No Record found", 404),
    }
}

fn create(desk: &Desk, asked: &Value) -> Answer {
    if desk.rejects() {
        return refused("Operation Failed", 400);
    }
    let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
    let number = desk.add(Ticket {
        // What is too long is cut without a word.
        title: text("short_description").chars().take(160).collect(),
        body: json!(text("description").chars().take(4_000).collect::<String>()),
        labels: vec![text("correlation_id")],
        fields: asked.as_object().cloned().unwrap_or_default(),
        ..Ticket::default()
    });
    one(desk, &id(number)).of(201)
}

fn patch(desk: &Desk, sys_id: &str, asked: &Value) -> Answer {
    let Some(ticket) = find(desk, sys_id) else { return refused("No Record found", 404) };
    let powerless = desk.ignores_changes();
    desk.edit(ticket.number, |ticket| {
        if let Some(title) = asked["short_description"].as_str() {
            ticket.title = title.chars().take(160).collect();
        }
        if let Some(body) = asked["description"].as_str() {
            ticket.body = json!(body.chars().take(4_000).collect::<String>());
        }
        if !asked["work_notes"].is_null() {
            ticket.notes.push(asked["work_notes"].clone());
        }
        if let Some(state) = asked["state"].as_str().filter(|_| !powerless) {
            ticket.closed = matches!(state, "6" | "7" | "8");
            ticket.reason = String::from(state);
        }
    });
    one(desk, sys_id)
}

//! Jira. Cloud: `/search/jql` with tokens, texts as documents. Data Center: `/search` with a total, texts as wiki markup.

use serde_json::{Value, json};

use super::{Desk, Ticket, signed};
use crate::fault::{Answer, Asked};

const PROJECT: &str = "SEC";

pub(super) fn answer(desk: &Desk, asked: &Asked, version: &str) -> Answer {
    let cloud = version == "3";
    let who = if signed(desk, asked) { "holdover" } else { "anonymous" };
    if who == "anonymous" {
        return Answer::json(&json!({"errorMessages": ["You are not authenticated."], "errors": {}})).of(401);
    }
    let route = asked.route();
    let [method, "rest", "api", given, rest @ ..] = route.as_slice() else { return Answer::status(404) };
    if *given != version {
        return Answer::status(404);
    }
    let answer = match (*method, rest) {
        ("GET", ["myself"]) => {
            Answer::json(&json!({"name": "holdover", "accountId": "5b10", "emailAddress": "h@acme.example"}))
        }
        ("GET", ["mypermissions"]) => permissions(desk, asked),
        ("GET", ["issue", "createmeta", PROJECT, "issuetypes"]) => {
            let types = json!([{"id": "1", "name": "Bug"}, {"id": "2", "name": "Task"}]);
            Answer::json(&if cloud {
                json!({"issueTypes": types, "total": 2})
            } else {
                json!({"values": types, "total": 2})
            })
        }
        ("POST", ["search", "jql"]) if cloud => search(desk, &asked.json(), true),
        ("POST", ["search"]) if !cloud => search(desk, &asked.json(), false),
        ("POST", ["issue"]) => create(desk, &asked.json(), cloud),
        ("GET", ["issue", id]) => {
            desk.get(id).filter(|_| !desk.is_denied()).map_or_else(missing, |t| Answer::json(&issue(&t)))
        }
        ("PUT", ["issue", id]) => update(desk, id, &asked.json()),
        ("POST", ["issue", id, "comment"]) => comment(desk, id, &asked.json(), cloud),
        ("GET", ["issue", id, "transitions"]) => desk.get(id).map_or_else(missing, |ticket| transitions(&ticket)),
        ("POST", ["issue", id, "transitions"]) => transit(desk, id, &asked.json()),
        _ => Answer::status(404),
    };
    answer.with("x-ausername", who)
}

fn permissions(desk: &Desk, asked: &Asked) -> Answer {
    let wanted = asked.query("permissions").unwrap_or_default().to_owned();
    let have = !desk.is_denied();
    let all: serde_json::Map<String, Value> =
        wanted.split(',').map(|right| (String::from(right), json!({"key": right, "havePermission": have}))).collect();
    Answer::json(&json!({"permissions": all}))
}

/// The keys in `labels in ("a", "b")`.
fn keys(jql: &str) -> Vec<String> {
    let list = jql.split_once("labels in (").and_then(|(_, rest)| rest.split_once(')')).map_or("", |(list, _)| list);
    list.split(',').map(|key| key.trim().trim_matches('"').to_owned()).collect()
}

fn search(desk: &Desk, asked: &Value, cloud: bool) -> Answer {
    let jql = asked["jql"].as_str().unwrap_or_default();
    if desk.is_denied() || !jql.starts_with(&format!("project = \"{PROJECT}\"")) {
        let says = "The value 'SEC' does not exist for the field 'project'.";
        return Answer::json(&json!({"errorMessages": [says], "errors": {}})).of(400);
    }
    let keys = keys(jql);
    let sure: Vec<u64> = asked["reconcileIssues"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
    let first = if cloud {
        asked["nextPageToken"].as_str().and_then(|token| token.strip_prefix("from-")?.parse().ok())
    } else {
        asked["startAt"].as_u64().and_then(|at| usize::try_from(at).ok())
    };
    let first = first.unwrap_or(0);
    let (found, _) = desk.search(|ticket| ticket.labels.iter().any(|label| keys.contains(label)), &sure);
    let size = desk.page_size();
    let issues: Vec<Value> = found.iter().skip(first).take(size).map(issue).collect();
    let end = first + issues.len();
    let last = end >= found.len();
    if cloud {
        let mut page = json!({"issues": issues, "isLast": last});
        if !last {
            page["nextPageToken"] = json!(format!("from-{end}"));
        }
        return Answer::json(&page);
    }
    Answer::json(&json!({"startAt": first, "maxResults": size, "total": found.len(), "issues": issues}))
}

fn issue(ticket: &Ticket) -> Value {
    let (name, category) = if ticket.closed { ("Closed", "done") } else { ("To Do", "new") };
    let resolution =
        ticket.closed.then(|| json!({"name": if ticket.reason.is_empty() { "Done" } else { &ticket.reason }}));
    json!({
        "id": ticket.number.to_string(),
        "key": format!("{PROJECT}-{}", ticket.number),
        "fields": {
            "labels": ticket.labels,
            "status": {"name": name, "statusCategory": {"key": category}},
            "resolution": resolution,
            "resolutiondate": ticket.closed.then_some("2026-08-02T10:00:00.000+0000"),
        },
    })
}

fn missing() -> Answer {
    let says = "Issue does not exist or you do not have permission to see it.";
    Answer::json(&json!({"errorMessages": [says], "errors": {}})).of(404)
}

/// Whether a text has the form that this version keeps.
fn fits(text: &Value, cloud: bool) -> bool {
    if cloud { text["type"] == "doc" && text["version"] == 1 } else { text.is_string() }
}

fn create(desk: &Desk, asked: &Value, cloud: bool) -> Answer {
    let fields = &asked["fields"];
    let title = fields["summary"].as_str().unwrap_or_default();
    let wrong =
        desk.rejects() || title.is_empty() || title.chars().count() > 255 || !fits(&fields["description"], cloud);
    if wrong || fields["project"]["key"] != PROJECT || fields["issuetype"]["name"] != "Task" {
        let errors = json!({"priority": "The priority selected is invalid."});
        return Answer::json(&json!({"errorMessages": [], "errors": errors})).of(400);
    }
    let labels =
        fields["labels"].as_array().into_iter().flatten().filter_map(Value::as_str).map(String::from).collect();
    let number = desk.add(Ticket {
        title: String::from(title),
        body: fields["description"].clone(),
        labels,
        fields: fields.as_object().cloned().unwrap_or_default(),
        ..Ticket::default()
    });
    Answer::json(
        &json!({"id": number.to_string(), "key": format!("{PROJECT}-{number}"), "self": "https://elsewhere.example/"}),
    )
    .of(201)
}

fn update(desk: &Desk, id: &str, asked: &Value) -> Answer {
    let Some(ticket) = desk.get(id) else { return missing() };
    desk.edit(ticket.number, |ticket| {
        if let Some(title) = asked["fields"]["summary"].as_str() {
            ticket.title = String::from(title);
        }
        if !asked["fields"]["description"].is_null() {
            ticket.body = asked["fields"]["description"].clone();
        }
        for change in asked["update"]["labels"].as_array().into_iter().flatten() {
            let label = change["add"].as_str().unwrap_or_default();
            if !ticket.labels.iter().any(|known| known == label) {
                ticket.labels.push(String::from(label));
            }
        }
    });
    Answer::status(204)
}

fn comment(desk: &Desk, id: &str, asked: &Value, cloud: bool) -> Answer {
    let Some(ticket) = desk.get(id) else { return missing() };
    if !fits(&asked["body"], cloud) {
        return Answer::json(&json!({"errorMessages": [], "errors": {"comment": "is not valid"}})).of(400);
    }
    desk.edit(ticket.number, |ticket| ticket.notes.push(asked["body"].clone()));
    Answer::json(&json!({"id": "1"})).of(201)
}

/// Each status offers other transitions, and their ids say nothing.
fn transitions(ticket: &Ticket) -> Answer {
    let to = |name: &str, key: &str| json!({"name": name, "statusCategory": {"key": key}});
    let resolution = json!({"resolution": {"required": true}});
    let offered = if ticket.closed {
        json!([{"id": "31", "name": "Reopen", "to": to("To Do", "new"), "fields": {}}])
    } else {
        json!([
            {"id": "11", "name": "Start", "to": to("In Progress", "indeterminate"), "fields": {}},
            {"id": "21", "name": "Finish", "to": to("Closed", "done"), "fields": resolution},
        ])
    };
    Answer::json(&json!({"transitions": offered}))
}

fn transit(desk: &Desk, id: &str, asked: &Value) -> Answer {
    let Some(ticket) = desk.get(id) else { return missing() };
    let to = match (asked["transition"]["id"].as_str(), ticket.closed) {
        (Some("31"), true) => false,
        (Some("21"), false) if asked["fields"]["resolution"]["name"].is_string() => true,
        (Some("11"), false) => return Answer::status(204),
        _ => return Answer::json(&json!({"errorMessages": [], "errors": {"resolution": "is required"}})).of(400),
    };
    desk.edit(ticket.number, |ticket| {
        ticket.closed = to;
        asked["fields"]["resolution"]["name"].as_str().unwrap_or_default().clone_into(&mut ticket.reason);
    });
    Answer::status(204)
}

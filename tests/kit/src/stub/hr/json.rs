//! A home-grown service that lists people as JSON, in any of the usual ways of paging.

use serde_json::{Value, json};

use super::{SECRET, Truth};
use crate::fault::{Answer, Asked, Stub};

/// How it pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// Not at all.
    Whole,
    /// `Link` header.
    LinkHeader,
    /// An address in the body.
    Link,
    /// A word that is handed back.
    Cursor,
    /// Numbers of pages, from 1.
    Page,
    /// Number of people read so far.
    Offset,
}

/// The stub. People who left are listed only with `include=former`, in the query or in the body.
#[derive(Debug)]
pub struct Json {
    /// Truth.
    pub truth: Truth,
    /// Paging.
    pub paging: Paging,
}

impl Json {
    /// Over this truth.
    pub fn new(truth: Truth, paging: Paging) -> Self {
        Self { truth, paging }
    }

    fn people(&self, asked: &Asked) -> Answer {
        let staff = self.truth.staff();
        let body = asked.json();
        let given = |name: &str| -> Option<String> {
            let from_body = match &body[name] {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            };
            asked.query(name).map(String::from).or(from_body)
        };
        let former = given("include").as_deref() == Some("former");
        let people: Vec<Value> = staff
            .members
            .iter()
            .filter(|member| former || !member.has_left(staff.today))
            .map(|member| {
                let spell = member.present();
                json!({
                    "key": format!("k-{}", member.number), "mail": { "work": member.email }, "name": member.name(),
                    "state": if member.has_left(staff.today) { "gone" } else { "here" },
                    "from": spell.start, "to": spell.end, "worked": spell.last_day,
                })
            })
            .collect();
        let size = self.truth.page();
        let number = |name: &str| given(name).and_then(|text| text.parse::<usize>().ok());
        let from = match self.paging {
            Paging::Whole => 0,
            Paging::Page => number("page").unwrap_or(1).saturating_sub(1) * size,
            Paging::Offset | Paging::LinkHeader | Paging::Link | Paging::Cursor => number("from").unwrap_or(0),
        };
        let size = if self.paging == Paging::Whole { people.len() } else { size };
        let page: Vec<&Value> = people.iter().skip(from).take(size).collect();
        let to = from + page.len();
        let more = to < people.len();
        let link = format!("{}/people?from={to}&include=former", asked.origin);
        let mut answer = json!({ "company": "acme", "total": people.len(), "data": { "people": page } });
        match self.paging {
            Paging::Link => answer["next"] = if more { json!(link) } else { Value::Null },
            Paging::Cursor => answer["next"] = if more { json!(to.to_string()) } else { json!("") },
            Paging::Whole | Paging::LinkHeader | Paging::Page | Paging::Offset => {}
        }
        let answer = Answer::json(&answer);
        if self.paging == Paging::LinkHeader && more {
            answer.with("link", &format!("<{link}>; rel=\"next\""))
        } else {
            answer
        }
    }
}

impl Stub for Json {
    fn answer(&self, asked: &Asked) -> Answer {
        if asked.header("x-api-key") != Some(SECRET) {
            return Answer::status(401);
        }
        match asked.segments.first().map(String::as_str) {
            Some("people") => self.people(asked),
            _ => Answer::status(404),
        }
    }
}

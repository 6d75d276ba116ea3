//! Personio, interface version 2, after the vendor's description: a token by client credentials, persons in pages with a
//! cursor in a link, employments of each person (the most recent first), and the quirks: wrong paths in links, an empty
//! last page that still names a next one, `last_working_date` beside `last_working_day`.

use serde_json::{Value, json};

use super::{Member, Mood, SECRET, Sort, Spell, Truth};
use crate::fault::{Answer, Asked, Stub};

/// The stub.
#[derive(Debug)]
pub struct Personio {
    /// Truth.
    pub truth: Truth,
    /// Whether the list ends with an empty page that names a next one.
    pub trailing_link: bool,
}

const TOKEN: &str = "token-of-personio";

impl Personio {
    /// Over this truth.
    pub fn new(truth: Truth) -> Self {
        Self { truth, trailing_link: false }
    }

    fn persons(&self, asked: &Asked) -> Answer {
        let staff = self.truth.staff();
        let from = match asked.query("cursor") {
            None => 0,
            Some(cursor) => match cursor.strip_prefix("cur+").and_then(|number| number.parse::<usize>().ok()) {
                Some(from) => from,
                None => return Answer::status(400),
            },
        };
        let limit = asked.number_of("limit", 10).min(50).min(self.truth.page());
        let page: Vec<Value> = staff
            .members
            .iter()
            .skip(from)
            .take(limit)
            .map(|member| {
                let status = if member.has_left(staff.today) { "INACTIVE" } else { "ACTIVE" };
                json!({
                    "id": format!("pers-{}", member.number), "email": member.email, "first_name": member.first,
                    "last_name": member.last, "preferred_name": null, "status": status,
                })
            })
            .collect();
        let to = from + page.len();
        let more = to < staff.members.len() || (self.trailing_link && to == staff.members.len());
        let mut meta = json!({ "links": { "self": { "href": "https://api.personio.de/v2/persons" } } });
        if more {
            // The path is wrong, as in the vendor's own examples.
            let cursor = format!("cur%2B{to}");
            meta["links"]["next"] = json!({ "href": format!("https://api.personio.de/v2/person?cursor={cursor}") });
        }
        Answer::json(&json!({ "_data": page, "_meta": meta }))
    }

    fn employments(&self, id: &str) -> Answer {
        let staff = self.truth.staff();
        let Some(member) = staff.members.iter().find(|member| format!("pers-{}", member.number) == id) else {
            return Answer::json(&json!({ "errors": [{ "title": "Not found" }] })).of(404);
        };
        let spells: Vec<Value> = member
            .spells
            .iter()
            .enumerate()
            .rev()
            .map(|(number, spell)| self.employment(member, number, spell, staff.today))
            .collect();
        Answer::json(&json!({ "_data": spells, "_meta": { "links": {} } }))
    }

    fn employment(&self, member: &Member, number: usize, spell: &Spell, today: chrono::NaiveDate) -> Value {
        let over = spell.end.is_some_and(|end| end < today);
        let status = match (over, spell.start > today, spell.mood) {
            (true, _, _) => "INACTIVE",
            (_, true, _) => "ONBOARDING",
            (_, _, Mood::Leave) => "LEAVE",
            (_, _, Mood::Plain | Mood::GardenLeave) => "ACTIVE",
        };
        let sort = match spell.sort {
            Sort::Employee => "INTERNAL",
            Sort::Contractor => "EXTERNAL",
        };
        let mut employment = json!({
            "id": format!("emp-{}-{number}", member.number), "status": status, "type": sort,
            "employment_start_date": spell.start, "employment_end_date": null, "contract_end_date": null,
            "updated_at": "2026-01-05T08:00:00Z", "supervisor": { "id": "pers-2" }, "office": { "id": member.place },
            "termination": null,
        });
        if let Some(end) = spell.end {
            employment["termination"] = json!({
                "termination_date": end, "last_working_date": spell.last_day, "type": "EMPLOYEE", "reason": "private",
            });
        }
        if let Some(fields) = employment.as_object_mut() {
            fields.retain(|name, _| self.truth.sees(name));
        }
        employment
    }
}

impl Stub for Personio {
    fn answer(&self, asked: &Asked) -> Answer {
        match asked.route().as_slice() {
            ["POST", "v2", "auth", "token"] => {
                let secret = asked.form_field("client_secret");
                let grant = asked.form_field("grant_type");
                if secret.as_deref() == Some(SECRET) && grant.as_deref() == Some("client_credentials") {
                    Answer::json(
                        &json!({ "access_token": TOKEN, "expires_in": 86_400, "token_type": "Bearer", "scope": "" }),
                    )
                } else {
                    Answer::json(&json!({ "error": "invalid_client" })).of(401)
                }
            }
            _ if asked.token() != Some(TOKEN) => {
                Answer::json(&json!({ "errors": [{ "title": "Unauthorized" }] })).of(401)
            }
            ["GET", "v2", "persons"] => self.persons(asked),
            ["GET", "v2", "persons", id, "employments"] => self.employments(id),
            _ => Answer::status(404),
        }
    }
}

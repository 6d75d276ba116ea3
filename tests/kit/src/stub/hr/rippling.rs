//! Rippling's workers: pages with `next_link`, what the token may not see named in `__meta.redacted_fields` and null.

use serde_json::{Value, json};

use super::{SECRET, Sort, Truth};
use crate::fault::{Answer, Asked, Stub};

/// The stub.
#[derive(Debug)]
pub struct Rippling {
    /// Truth.
    pub truth: Truth,
}

impl Rippling {
    /// Over this truth.
    pub fn new(truth: Truth) -> Self {
        Self { truth }
    }

    fn workers(&self, asked: &Asked) -> Answer {
        let staff = self.truth.staff();
        let from = asked.number_of("cursor", 0);
        let expand: Vec<String> = asked.query("expand").unwrap_or("").split(',').map(String::from).collect();
        let page: Vec<Value> = staff
            .members
            .iter()
            .skip(from)
            .take(self.truth.page())
            .map(|member| {
                let spell = member.present();
                let left = member.has_left(staff.today);
                let mut worker = json!({
                    "id": format!("w{}", member.number), "user_id": format!("u{}", member.number), "number": member.number,
                    "status": if left { "TERMINATED" } else if member.is_to_come(staff.today) { "HIRED" } else { "ACTIVE" },
                    "start_date": spell.start, "end_date": spell.end, "work_email": member.email,
                    "personal_email": member.private_email, "manager_id": "w2", "updated_at": "2026-01-05T08:00:00Z",
                    "location": { "type": "WORK_LOCATION", "work_location_id": member.place },
                    "termination_details": left.then(|| json!({ "type": "VOLUNTARY", "reason": "private" })),
                });
                if expand.iter().any(|name| name == "user") {
                    worker["user"] = json!({ "name": { "display_name": member.name() } });
                }
                if expand.iter().any(|name| name == "employment_type") {
                    worker["employment_type"] = json!({ "type": match spell.sort {
                        Sort::Employee => "EMPLOYEE",
                        Sort::Contractor => "CONTRACTOR",
                    } });
                }
                for field in self.truth.hidden() {
                    worker[field] = Value::Null;
                }
                worker
            })
            .collect();
        let to = from + page.len();
        let redacted: Vec<Value> =
            self.truth.hidden().into_iter().map(|name| json!({ "name": name, "reason": "no permission" })).collect();
        let next = (to < staff.members.len())
            .then(|| format!("{}/workers/?cursor={to}&expand={}", asked.origin, expand.join("%2C")));
        Answer::json(&json!({ "results": page, "next_link": next, "__meta": { "redacted_fields": redacted } }))
    }
}

impl Stub for Rippling {
    fn answer(&self, asked: &Asked) -> Answer {
        if asked.token() != Some(SECRET) {
            return Answer::json(&json!({ "error": "unauthorized" })).of(401);
        }
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "/workers" | "/workers/") => self.workers(asked),
            _ => Answer::status(404),
        }
    }
}

//! BambooHR's custom report.
//!
//! As the vendor's public clients know it: POST with a list of fields, Basic with the key as user, `onlyCurrent`, dates
//! that are not set as `0000-00-00`, fields the key's user may not see simply absent, the error's text in a header.

use serde_json::{Map, Value, json};

use super::{SECRET, Sort, Truth, basic};
use crate::fault::{Answer, Asked, Stub};

/// The stub.
#[derive(Debug)]
pub struct BambooHr {
    /// Truth.
    pub truth: Truth,
    /// Company in the address.
    pub company: String,
}

impl BambooHr {
    /// Over this truth, for the company `acme`.
    pub fn new(truth: Truth) -> Self {
        Self { truth, company: String::from("acme") }
    }

    fn report(&self, fields: &[String], only_current: bool) -> Answer {
        let staff = self.truth.staff();
        let mut employees = Vec::new();
        for member in &staff.members {
            let left = member.has_left(staff.today);
            // The default leaves out who left and who is to come.
            if only_current && (left || member.is_to_come(staff.today)) {
                continue;
            }
            let spell = member.present();
            let none = || json!("0000-00-00");
            let mut row = Map::new();
            row.insert(String::from("id"), json!(member.number.to_string()));
            for field in fields.iter().filter(|field| self.truth.sees(field)) {
                let value = match field.as_str() {
                    "employeeNumber" => json!(format!("{:05}", member.number)),
                    "displayName" => json!(member.name()),
                    "workEmail" => json!(member.email),
                    "homeEmail" => member.private_email.as_ref().map_or(Value::Null, |address| json!(address)),
                    "status" => json!(if left { "Inactive" } else { "Active" }),
                    "employmentHistoryStatus" if left => json!("Terminated"),
                    "employmentHistoryStatus" => json!(match spell.sort {
                        Sort::Employee => "Full-Time",
                        Sort::Contractor => "Contractor",
                    }),
                    "hireDate" => json!(spell.start),
                    "originalHireDate" if member.spells.len() > 1 => json!(member.first_day()),
                    "originalHireDate" => none(),
                    // A rehire overwrites the first day and may leave the earlier end standing.
                    "terminationDate" => match (spell.end, member.spells.len()) {
                        (Some(end), _) => json!(end),
                        (None, 2..) => {
                            member.spells.first().and_then(|spell| spell.end).map_or_else(none, |end| json!(end))
                        }
                        (None, _) => none(),
                    },
                    "supervisorEId" => json!("2"),
                    "department" => json!("Engineering"),
                    "location" => json!(member.place),
                    "lastChanged" => json!("2026-01-05T08:00:00+00:00"),
                    _ => continue,
                };
                row.insert(field.clone(), value);
            }
            employees.push(Value::Object(row));
        }
        Answer::json(&json!({ "title": "Holdover roster", "fields": [], "employees": employees }))
    }
}

impl Stub for BambooHr {
    fn answer(&self, asked: &Asked) -> Answer {
        match asked.route().as_slice() {
            ["POST", "api", "gateway.php", company, "v1", "reports", "custom"] => {
                let key = basic(asked).map(|(user, _)| user);
                if *company != self.company {
                    return Answer::status(404).with("x-bamboohr-error-message", "company not found");
                }
                if key.as_deref() != Some(SECRET) {
                    return Answer::status(401).with("x-bamboohr-error-message", "invalid API key");
                }
                let body = asked.json();
                let fields: Vec<String> = body["fields"]
                    .as_array()
                    .map(|fields| fields.iter().filter_map(Value::as_str).map(String::from).collect())
                    .unwrap_or_default();
                self.report(&fields, asked.query("onlyCurrent") != Some("false"))
            }
            _ => Answer::status(404),
        }
    }
}

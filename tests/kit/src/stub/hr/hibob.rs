//! HiBob's people search: everybody in one answer, only active people unless `showInactive`, values nested and under
//! their path, fields outside the service user's sight left out.

use serde_json::{Map, Value, json};

use super::{Mood, SECRET, Truth, basic};
use crate::fault::{Answer, Asked, Stub};

/// Where this account keeps the leaving date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LeavingDate {
    Internal,
    Employment,
}

/// The stub.
#[derive(Debug)]
pub struct HiBob {
    /// Truth.
    pub truth: Truth,
    leaving_date: LeavingDate,
    flat: bool,
}

impl HiBob {
    /// Over this truth, leaving dates in `internal.terminationDate`, values nested.
    pub fn new(truth: Truth) -> Self {
        Self { truth, leaving_date: LeavingDate::Internal, flat: false }
    }

    /// Leaving dates in `employment.terminationDate`, as other accounts have them.
    #[must_use]
    pub fn with_employment_dates(mut self) -> Self {
        self.leaving_date = LeavingDate::Employment;
        self
    }

    /// Values under their path with slashes.
    #[must_use]
    pub fn flat(mut self) -> Self {
        self.flat = true;
        self
    }

    fn employees(&self, fields: &[String], show_inactive: bool) -> Vec<Value> {
        let staff = self.truth.staff();
        let mut employees = Vec::new();
        for member in &staff.members {
            let left = member.has_left(staff.today);
            if left && !show_inactive {
                continue;
            }
            let spell = member.present();
            let mut row = json!({});
            for field in fields.iter().filter(|field| self.truth.sees(field)) {
                let leaving = spell.end.map_or(Value::Null, |end| json!(end));
                let value = match field.as_str() {
                    "root.id" => json!(format!("30{}", member.number)),
                    "root.companyId" => json!(4711),
                    "root.email" => json!(member.email),
                    "root.displayName" => json!(member.name()),
                    "work.startDate" => json!(spell.start),
                    "work.employeeIdInCompany" => json!(format!("{:05}", member.number)),
                    "work.site" => json!(member.place),
                    "work.reportsTo" => json!({ "id": "302", "email": "bea.braun@acme.example" }),
                    "internal.status" => json!(if left { "Inactive" } else { "Active" }),
                    "internal.lifecycleStatus" => json!(match (left, member.is_to_come(staff.today), spell.mood) {
                        (true, _, _) => "terminated",
                        (_, true, _) => "hired",
                        (_, _, Mood::Plain) => "employed",
                        (_, _, Mood::Leave) => "parental leave",
                        (_, _, Mood::GardenLeave) => "garden leave",
                    }),
                    "internal.terminationDate" if self.leaving_date == LeavingDate::Internal => leaving,
                    "employment.terminationDate" if self.leaving_date == LeavingDate::Employment => leaving,
                    "employee.lastDayOfWork" => spell.last_day.map_or(Value::Null, |last| json!(last)),
                    _ => continue,
                };
                self.place(&mut row, field, value);
            }
            employees.push(row);
        }
        employees
    }

    fn place(&self, row: &mut Value, field: &str, value: Value) {
        let steps: Vec<&str> = field.split('.').collect();
        let Some(top) = row.as_object_mut() else { return };
        if self.flat {
            top.insert(format!("/{}", steps.join("/")), json!({ "value": value }));
            return;
        }
        match steps.as_slice() {
            ["root", name] => {
                top.insert(String::from(*name), value);
            }
            [group, name] => {
                let group = top.entry(String::from(*group)).or_insert_with(|| Value::Object(Map::new()));
                if let Some(group) = group.as_object_mut() {
                    group.insert(String::from(*name), value);
                }
            }
            _ => {}
        }
    }
}

impl Stub for HiBob {
    fn answer(&self, asked: &Asked) -> Answer {
        match asked.route().as_slice() {
            ["POST", "v1", "people", "search"] => {
                if basic(asked) != Some((String::from("SERVICE-1"), String::from(SECRET))) {
                    return Answer::json(&json!({ "error": "Unauthorized" })).of(401);
                }
                let body = asked.json();
                let fields: Vec<String> = body["fields"]
                    .as_array()
                    .map(|fields| fields.iter().filter_map(Value::as_str).map(String::from).collect())
                    .unwrap_or_default();
                if fields.len() > 400 || body.get("humanReadable").is_some() {
                    return Answer::status(400);
                }
                let employees = self.employees(&fields, body["showInactive"] == json!(true));
                Answer::json(&json!({ "employees": employees }))
            }
            _ => Answer::status(404),
        }
    }
}

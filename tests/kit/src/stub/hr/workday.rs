//! A Workday report as a service: one answer, columns by the author's aliases, empty ones left out, dates with the
//! tenant's offset, and who left only when the prompt asks for them.

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use super::{Mood, SECRET, Sort, Truth, basic};
use crate::fault::{Answer, Asked, Stub};

/// The stub.
#[derive(Debug)]
pub struct Workday {
    /// Truth.
    pub truth: Truth,
}

impl Workday {
    /// Over this truth, for tenant `acme`, report `isu_holdover/Leavers Report`.
    pub fn new(truth: Truth) -> Self {
        Self { truth }
    }

    fn report(&self, with_terminated: bool) -> Answer {
        let staff = self.truth.staff();
        let date = |day: NaiveDate| json!(format!("{day}-08:00"));
        let mut entries = Vec::new();
        for member in &staff.members {
            let left = member.has_left(staff.today);
            if left && !with_terminated {
                continue;
            }
            let spell = member.present();
            let mut row = Map::new();
            let mut put = |name: &str, value: Value| {
                if self.truth.sees(name) {
                    row.insert(String::from(name), value);
                }
            };
            put("WID", json!(format!("wid-{}", member.number)));
            put("Employee_ID", json!(format!("{:05}", member.number)));
            put("Full_Name", json!(member.name()));
            put("Email", json!(member.email));
            put(
                "Worker_Type",
                json!(match spell.sort {
                    Sort::Employee => "Employee",
                    Sort::Contractor => "Contingent_Worker",
                }),
            );
            put("Active", json!(if left { "0" } else { "1" }));
            put("On_Leave", json!(if spell.mood == Mood::Leave { "1" } else { "0" }));
            put("Hire_Date", date(spell.start));
            put("Original_Hire_Date", date(member.first_day()));
            match (spell.end, spell.sort) {
                (Some(end), Sort::Employee) => put("Termination_Date", date(end)),
                // Contingent workers end by their contract.
                (Some(end), Sort::Contractor) => put("Contract_End_Date", date(end)),
                (None, _) => {}
            }
            if let Some(last) = spell.last_day {
                put("Last_Day_of_Work", date(last));
            }
            put("Location", json!(member.place));
            entries.push(Value::Object(row));
        }
        Answer::json(&json!({ "Report_Entry": entries }))
    }
}

impl Stub for Workday {
    fn answer(&self, asked: &Asked) -> Answer {
        match asked.route().as_slice() {
            ["GET", "ccx", "service", "customreport2", "acme", "isu_holdover", "Leavers Report"] => {
                if basic(asked) != Some((String::from("isu_holdover"), String::from(SECRET))) {
                    return Answer::status(401);
                }
                if asked.query("format") != Some("json") {
                    return Answer::xml("<wd:Report_Data/>");
                }
                self.report(asked.query("Include_Terminated_Workers") == Some("1"))
            }
            _ => Answer::status(404),
        }
    }
}

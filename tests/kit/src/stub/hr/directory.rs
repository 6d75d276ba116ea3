//! Directories as rosters: Okta and Entra ID (Microsoft Graph).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};

use super::{Member, SECRET, Truth};
use crate::fault::{Answer, Asked, Stub};

/// Okta: a list without `search` omits people who were deprovisioned; pages are led on by `Link`.
#[derive(Debug)]
pub struct Okta {
    /// Truth.
    pub truth: Truth,
    /// State of an account, where it is not the one that follows from the spells, and since when.
    states: Mutex<BTreeMap<u32, (String, String)>>,
}

impl Okta {
    /// Over this truth: whoever left is deprovisioned on the day after, at noon.
    pub fn new(truth: Truth) -> Self {
        Self { truth, states: Mutex::default() }
    }

    /// Says the state of an account.
    pub fn set(&self, number: u32, state: &str, since: &str) {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        states.insert(number, (String::from(state), String::from(since)));
    }

    fn state(&self, member: &Member, today: chrono::NaiveDate) -> (String, Value) {
        let states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((state, since)) = states.get(&member.number) {
            return (state.clone(), json!(since));
        }
        match member.present().end.filter(|end| *end < today).and_then(|end| end.succ_opt()) {
            Some(after) => (String::from("DEPROVISIONED"), json!(format!("{after}T12:00:00.000Z"))),
            None => (String::from("ACTIVE"), json!("2020-03-02T09:00:00.000Z")),
        }
    }

    fn users(&self, asked: &Asked) -> Answer {
        let staff = self.truth.staff();
        let all = asked.query("search").is_some() || asked.query("filter").is_some();
        let users: Vec<Value> = staff
            .members
            .iter()
            .map(|member| {
                let (state, since) = self.state(member, staff.today);
                let mut profile = json!({
                    "login": member.email, "email": member.email, "firstName": member.first, "lastName": member.last,
                    "secondEmail": member.private_email, "employeeNumber": format!("{:05}", member.number),
                    "lastDay": member.present().end,
                });
                if let Some(fields) = profile.as_object_mut() {
                    fields.retain(|name, value| self.truth.sees(name) && !value.is_null());
                }
                json!({
                    "id": format!("00u{}", member.number), "status": state, "created": "2020-03-02T09:00:00.000Z",
                    "statusChanged": since, "profile": profile,
                    "credentials": { "provider": { "type": "OKTA" }, "password": {} },
                })
            })
            .filter(|user| all || user["status"] != json!("DEPROVISIONED"))
            .collect();
        let from = asked.number_of("after", 0);
        let page: Vec<&Value> = users.iter().skip(from).take(self.truth.page()).collect();
        let to = from + page.len();
        let answer = Answer::json(&json!(page));
        if to >= users.len() {
            return answer;
        }
        let search = asked.raw_query.split('&').find(|part| part.starts_with("search=")).unwrap_or("");
        answer.with("link", &format!("<{}/api/v1/users?after={to}&limit=200&{search}>; rel=\"next\"", asked.origin))
    }
}

impl Stub for Okta {
    fn answer(&self, asked: &Asked) -> Answer {
        if asked.header("authorization") != Some(format!("SSWS {SECRET}").as_str()) {
            return Answer::json(&json!({ "errorCode": "E0000011", "errorSummary": "Invalid token provided" })).of(401);
        }
        match asked.route().as_slice() {
            ["GET", "api", "v1", "users"] => self.users(asked),
            _ => Answer::json(&json!({ "errorCode": "E0000007" })).of(404),
        }
    }
}

/// Entra ID through Graph: properties only where `$select` names them; the leave date only with a right of its own.
#[derive(Debug)]
pub struct Entra {
    /// Truth.
    pub truth: Truth,
    /// Whether the app may see leave dates.
    pub leave_dates: bool,
}

const TOKEN: &str = "token-of-graph";

impl Entra {
    /// Over this truth, with every right.
    pub fn new(truth: Truth) -> Self {
        Self { truth, leave_dates: true }
    }

    fn users(&self, asked: &Asked) -> Answer {
        let staff = self.truth.staff();
        let select: Vec<&str> =
            asked.query("$select").unwrap_or("id,displayName,mail,userPrincipalName").split(',').collect();
        if select.contains(&"employeeLeaveDateTime") && !self.leave_dates {
            return Answer::json(
                &json!({ "error": { "code": "Authorization_RequestDenied", "message": "Insufficient privileges" } }),
            )
            .of(403);
        }
        let from = asked.number_of("$skiptoken", 0);
        let page: Vec<Value> = staff
            .members
            .iter()
            .skip(from)
            .take(self.truth.page())
            .map(|member| {
                let spell = member.present();
                let all = json!({
                    "id": format!("obj-{}", member.number), "userPrincipalName": member.email, "displayName": member.name(),
                    "mail": member.email, "otherMails": member.private_email.iter().collect::<Vec<_>>(),
                    "proxyAddresses": [format!("SMTP:{}", member.email), format!("smtp:old{}@acme.example", member.number)],
                    "accountEnabled": !member.has_left(staff.today), "employeeId": format!("{:05}", member.number),
                    "employeeHireDate": format!("{}T00:00:00Z", spell.start), "createdDateTime": "2020-01-01T08:00:00Z",
                    "employeeLeaveDateTime": spell.end.map(|end| format!("{end}T17:00:00Z")), "department": null,
                });
                let mut user = Map::new();
                for (name, value) in all.as_object().into_iter().flatten() {
                    if select.contains(&name.as_str()) {
                        user.insert(name.clone(), value.clone());
                    }
                }
                if asked.query("$expand").is_some() {
                    user.insert(String::from("manager"), json!({ "id": "obj-2" }));
                }
                Value::Object(user)
            })
            .collect();
        let to = from + page.len();
        let mut answer = json!({ "@odata.context": "users", "value": page });
        if to < staff.members.len() {
            let rest: Vec<&str> = asked.raw_query.split('&').filter(|part| !part.contains("skiptoken")).collect();
            answer["@odata.nextLink"] =
                json!(format!("{}/v1.0/users?{}&$skiptoken={to}", asked.origin, rest.join("&")));
        }
        Answer::json(&answer)
    }
}

impl Stub for Entra {
    fn answer(&self, asked: &Asked) -> Answer {
        match asked.route().as_slice() {
            ["POST", "tenant-1", "oauth2", "v2.0", "token"] => {
                let good = asked.form_field("client_secret").as_deref() == Some(SECRET)
                    && asked.form_field("scope").is_some_and(|scope| scope.ends_with("/.default"));
                if good {
                    Answer::json(&json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN }))
                } else {
                    Answer::json(&json!({ "error": "invalid_client" })).of(401)
                }
            }
            _ if asked.token() != Some(TOKEN) => {
                Answer::json(&json!({ "error": { "code": "InvalidAuthenticationToken" } })).of(401)
            }
            ["GET", "v1.0", "users"] => self.users(asked),
            _ => Answer::status(404),
        }
    }
}

//! A made-up service: a club with members, each of whom may hold keys to the house.

use std::sync::Mutex;

use holdover_kit::fault::{Answer, Asked, Stub};
use holdover_kit::suite::{Credential, Setting, Stage};
use serde_json::{Value, json};

/// Members on a page.
pub(crate) const PAGE: usize = 5;
/// States the service knows.
pub(crate) const STATES: [&str; 3] = ["active", "paused", "left"];

/// One member as the club knows them.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) login: String,
    pub(crate) state: &'static str,
    pub(crate) keys: Vec<String>,
}

/// The club.
pub(crate) struct Club {
    pub(crate) name: &'static str,
    pub(crate) members: Members,
    secret: String,
    takes_secret: bool,
    tokens: Mutex<u64>,
}

/// Members that are kept, or made as they are asked for.
pub(crate) enum Members {
    Kept(Vec<Member>),
    Made(usize),
}

impl Members {
    fn len(&self) -> usize {
        match self {
            Self::Kept(all) => all.len(),
            Self::Made(number) => *number,
        }
    }

    fn page(&self, from: usize, size: usize) -> Vec<Member> {
        match self {
            Self::Kept(all) => all.iter().skip(from).take(size).cloned().collect(),
            Self::Made(number) => (from..(from + size).min(*number)).map(member).collect(),
        }
    }
}

fn member(at: usize) -> Member {
    let keys = if at.is_multiple_of(3) { Vec::new() } else { vec![format!("key-{at}")] };
    let login = if at == 0 { String::from("auditor") } else { format!("member{at}") };
    Member { id: format!("m-{at}"), login, state: STATES[at % STATES.len()], keys }
}

impl Club {
    pub(crate) fn new(setting: &Setting) -> Self {
        let members = match &setting.stage {
            Stage::Usual => Members::Kept((0..12).map(member).collect()),
            Stage::List { objects, .. } => Members::Kept((0..*objects).map(member).collect()),
            Stage::Large { objects } => Members::Made(*objects),
            Stage::Names(names) => Members::Kept(
                names
                    .iter()
                    .enumerate()
                    .map(|(at, name)| {
                        let login = if at == 0 { String::from("auditor") } else { name.clone() };
                        Member { id: name.clone(), login, state: "active", keys: vec![format!("{name}!")] }
                    })
                    .collect(),
            ),
        };
        Self {
            name: if setting.credential == Credential::OtherTenant { "other" } else { "acme" },
            members,
            secret: setting.secret.clone(),
            takes_secret: setting.credential != Credential::Wrong,
            tokens: Mutex::new(0),
        }
    }

    fn sign_in(&self, asked: &Asked) -> Answer {
        if !self.takes_secret || asked.json()["secret"] != self.secret.as_str() {
            return refusal(401, "bad credentials");
        }
        let mut tokens = self.tokens.lock().expect("no panic");
        *tokens += 1;
        Answer::json(&json!({"token": format!("t{tokens}"), "id_token": "x"}))
    }

    fn list(&self, asked: &Asked) -> Answer {
        let from = asked.number_of("from", 0);
        let size = asked.number_of("size", 50).min(1000);
        let page: Vec<Value> = self
            .members
            .page(from, size)
            .iter()
            .map(|member| json!({"id": member.id, "login": member.login, "state": member.state}))
            .collect();
        let next = if from + size < self.members.len() { json!((from + size).to_string()) } else { Value::Null };
        Answer::json(&json!({"members": page, "next": next, "total": self.members.len()}))
    }

    fn keys(&self, id: &str) -> Answer {
        let all = self.members.page(0, usize::MAX / 2);
        let Some(member) = all.iter().find(|member| member.id == id) else { return refusal(404, "no such member") };
        Answer::json(&json!({"keys": member.keys.iter().map(|key| json!({"id": key})).collect::<Vec<_>>()}))
    }
}

pub(crate) fn refusal(status: u16, message: &str) -> Answer {
    Answer::json(&json!({"message": message})).of(status)
}

impl Stub for Club {
    fn answer(&self, asked: &Asked) -> Answer {
        if asked.method == "POST" && asked.path == "/token" {
            return self.sign_in(asked);
        }
        if asked.token().is_none_or(|token| !token.starts_with('t')) {
            return refusal(401, "bad token");
        }
        match asked.route().as_slice() {
            ["GET", "whoami"] => Answer::json(&json!({"club": self.name})),
            ["GET", "members"] => self.list(asked),
            ["GET", "members", id, "keys"] => self.keys(id),
            _ => refusal(404, "no such page"),
        }
    }
}

/// The list of requests the scanner may send.
pub(crate) fn operation(asked: &Asked) -> Option<String> {
    let name = match asked.route().as_slice() {
        ["POST", "token"] => "signIn",
        ["GET", "whoami"] => "whoAmI",
        ["GET", "members"] => "listMembers",
        ["GET", "members", _, "keys"] => "listKeys",
        _ => return None,
    };
    Some(String::from(name))
}

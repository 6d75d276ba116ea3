//! `holdover exceptions list | check | new`.

use super::arguments::{Exceptions as Arguments, ExceptionsCommand};
use super::failure::Failure;
use super::fetch::{self, Fetching};
use super::scan::load_roster;
use super::session::Session;
use super::text::add_line;
use crate::config::Config;
use crate::exceptions::{ExceptionType, Exceptions, NewException, OnExpiry, Surroundings};
use crate::findings::Fingerprint;
use crate::hostile;
use crate::report::ExitCode;
use crate::run::directory::Directory;

pub(super) fn run(session: &Session<'_>, arguments: &Arguments) -> Result<u8, Failure> {
    let (configured, _) = session.configuration_and_policy()?;
    let config = &configured.config;
    match &arguments.command {
        ExceptionsCommand::List => list(session, config),
        ExceptionsCommand::Check => check(session, config),
        ExceptionsCommand::New { person, system, kind, fingerprint, days } => {
            new(session, config, person, system, kind, fingerprint.as_ref(), *days)
        }
    }
}

fn judged(session: &Session<'_>, config: &Config) -> Result<Exceptions, Failure> {
    let store = session.store_or_nothing(config)?;
    let now = session.clock(config).0.now();
    let documents = session.documents(config);
    let (documents, _) = fetch::fetched(config, documents.as_ref(), Fetching::NotAsked)?;
    let loaded = load_roster(config, &documents, store.as_ref(), now)?;
    let Some(roster) = loaded.roster else {
        return Err(Failure::Roster(String::from(
            "no roster is in force; exceptions cannot be held against people (holdover roster validate)",
        )));
    };
    let directory = Directory::new(&roster.people, config.leave_policy);
    // A store that fails is told: taken for "never seen", it would let a wrong fingerprint pass.
    let failed: std::cell::RefCell<Option<crate::store::StoreError>> = std::cell::RefCell::new(None);
    let exceptions = session.exceptions(config).judge(&Surroundings {
        people: &directory,
        system_tier: &|id| config.systems.iter().find(|system| system.id.as_str() == id).map(|system| system.tier),
        fingerprint_owner: &|text| {
            // What is no fingerprint is told by the exceptions' own checks.
            let Ok(print) = text.parse::<Fingerprint>() else { return None };
            match store.recall(&print) {
                Ok(memory) => memory.map(|memory| {
                    (memory.finding.person_id.as_str().to_owned(), memory.finding.system.as_str().to_owned())
                }),
                Err(error) => {
                    failed.borrow_mut().get_or_insert(error);
                    None
                }
            }
        },
        now,
    });
    match failed.into_inner() {
        Some(error) => Err(error.into()),
        None => Ok(exceptions),
    }
}

fn list(session: &Session<'_>, config: &Config) -> Result<u8, Failure> {
    let exceptions = judged(session, config)?;
    let now = session.clock(config).0.now();
    let mut text = String::new();
    for judged in exceptions.judged() {
        let exception = &judged.exception;
        add_line(
            &mut text,
            format_args!(
                "{}  {:8} {:14} {} in {}  until {}  {}",
                exception.id,
                judged.state_at(now).as_str(),
                exception.kind.as_str(),
                hostile::line(exception.person_id.as_str()),
                exception.system,
                exception.expires_at.format("%Y-%m-%dT%H:%M:%SZ"),
                hostile::short(&exception.reason, 60)
            ),
        );
    }
    if exceptions.judged().is_empty() {
        text.push_str("no exceptions\n");
    }
    session.say(&text)?;
    for notice in exceptions.notices(now) {
        session.note(&hostile::line(&notice));
    }
    Ok(ExitCode::Clean.code())
}

fn check(session: &Session<'_>, config: &Config) -> Result<u8, Failure> {
    let exceptions = judged(session, config)?;
    let problems = exceptions.problems();
    if !problems.is_empty() {
        return Err(Failure::Problems(problems));
    }
    session.say(&format!("{} exceptions, all valid", exceptions.judged().len()))?;
    Ok(ExitCode::Clean.code())
}

fn new(
    session: &Session<'_>,
    config: &Config,
    person: &str,
    system: &str,
    kind: &str,
    fingerprint: Option<&String>,
    days: u32,
) -> Result<u8, Failure> {
    let now = session.clock(config).0.now();
    let kind = ExceptionType::ALL
        .into_iter()
        .find(|known| known.as_str() == kind)
        .ok_or_else(|| Failure::Usage(format!("{kind}: no such type of exception")))?;
    let id = session.exceptions(config).next_id(chrono::Datelike::year(&now));
    let entry = NewException {
        id,
        kind,
        person_id: String::from(person),
        system: String::from(system),
        access_kinds: Vec::new(),
        resource: None,
        fingerprint: fingerprint.cloned(),
        reason: String::from("FILL IN: what is needed, and why there is no other way"),
        compensating_controls: Vec::new(),
        requested_by: String::from("FILL IN: person id"),
        approved_by: vec![String::from("FILL IN: person id")],
        approved_at: now,
        starts_at: None,
        expires_at: now + chrono::TimeDelta::days(i64::from(days)),
        ticket: None,
        review_owner: String::from("FILL IN: person id"),
        review_next_at: None,
        on_expiry: OnExpiry::Reopen,
        renews: None,
    };
    session.say(&entry.text())?;
    session.note(
        "printed only: put it into the exceptions file and have it reviewed, then run `holdover exceptions check`",
    );
    Ok(ExitCode::Clean.code())
}
